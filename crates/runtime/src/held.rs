//! What a fill holds while it works, and lets go of whatever becomes of it.

use crate::fill::Job;
use crate::store::shared::{Ask, Token};

/// What a fill has in its hands at the shared tier. Work that panics lets go of it.
pub(crate) struct Held<'j> {
    pub(crate) job: &'j Job,
    pub(crate) token: Option<Token>,
}

impl Held<'_> {
    pub(crate) async fn release(&mut self) {
        let token = self.token.take().filter(|token| token.lock.is_some());
        if let (Some(token), Some(shared)) = (token, self.job.shared()) {
            // Where it cannot be let go of, it expires.
            let _ = shared.release(self.job.ask(), &token).await;
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let token = self.token.take().filter(|token| token.lock.is_some());
        if let (Some(token), Some(shared)) = (token, self.job.shared()) {
            let (name, text) = (self.job.key.name.clone(), self.job.text.clone());
            let release = async move {
                let ask = Ask {
                    name: &name,
                    text: &text,
                };
                let _ = shared.release(ask, &token).await;
            };
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(release);
            }
        }
    }
}
