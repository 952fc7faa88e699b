//! Whether what a policy's edges ask for can be done.

use crate::start_error::StartError;
use cachepolicy_core::Policy;
use cachepolicy_core::edge::EdgeBlock;
use cachepolicy_core::policy::Delivery;

/// Do messages of a bus get where it says?
pub(crate) fn check_bus(policy: &Policy, block: &EdgeBlock) -> Result<(), StartError> {
    let bus = block.bus.and_then(|bus| policy.buses.get(bus.index()));
    let Some(bus) = bus else {
        return Ok(());
    };
    if bus.delivery != Delivery::InProcess {
        #[cfg(feature = "redis")]
        return Ok(());
        #[cfg(not(feature = "redis"))]
        return Err(StartError::Bus {
            bus: bus.name.clone(),
        });
    }
    let is_wide = bus.reaches == cachepolicy_core::policy::Reaches::AllProcesses;
    if is_wide && policy.processes > 1 {
        return Err(StartError::Processes {
            bus: bus.name.clone(),
            processes: policy.processes,
        });
    }
    Ok(())
}
