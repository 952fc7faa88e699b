//! Why a policy cannot be served, in the words of the command line.

use cachepolicy_core::policy::Policy;
use cachepolicy_runtime::StartError;

/// What to do about it here; where the policy says it, before that.
pub(crate) fn refused(policy: &Policy, error: &StartError) -> anyhow::Error {
    let level = |name: &str| {
        let level = policy.levels.iter().find(|it| it.name == name);
        level.map(|it| it.place)
    };
    let backend = |name: &str| {
        let backend = policy.backends.iter().find(|it| it.name == name);
        backend.map(|it| it.place)
    };
    let (place, said) = match error {
        StartError::Nowhere { backend: name } => (
            backend(name),
            format!(
                "backend `{name}` is a `redis`: say where it is, such as `--redis {name}=redis://127.0.0.1`"
            ),
        ),
        StartError::Codec { level: name } | StartError::Size { level: name, .. } => (
            level(name),
            format!(
                "level `{name}` is no `site` and no `view`: a proxy keeps whole responses only. Leave it out of the proxy's policy: its copies are made by a service that embeds it"
            ),
        ),
        StartError::Unidentified {
            kind,
            level: name,
            dimension,
        } => (
            level(name),
            format!(
                "{kind} `{name}` depends on `{dimension}`, which only the application knows: say by what a request shows it, such as `--identify {dimension}=cookie:sessionid`, or declare that cookie in `request` and name it instead"
            ),
        ),
        StartError::BusNowhere { bus } | StartError::Bus { bus } => (
            policy
                .buses
                .iter()
                .find(|it| it.name == *bus)
                .map(|it| it.place),
            format!(
                "bus `{bus}` brings what services write, of which a proxy hears nothing: purge by `--admin`, and leave the edges out of the proxy's policy"
            ),
        ),
        other => (None, other.to_string()),
    };
    match place {
        Some(place) => anyhow::anyhow!("{}: {said}", policy.at(place)),
        None => anyhow::anyhow!("{said}"),
    }
}
