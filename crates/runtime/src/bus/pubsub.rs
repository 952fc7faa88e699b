//! Publish/subscribe: at most once.

use super::{Bus, NotSent, Pauses, QUIET};
use crate::cache::Inner;
use crate::store::redis::Message;
use futures_util::StreamExt as _;
use redis::RedisResult;
use redis::aio::PubSub;
use std::sync::{Arc, Weak};

impl Bus {
    pub(super) async fn publish(&self, message: &Message) -> Result<(), NotSent> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(&self.name).arg(message.text());
        self.link.call(command).await.map(drop).map_err(|_| NotSent)
    }

    async fn subscribe(&self) -> RedisResult<PubSub> {
        let mut subscription = self.redis.listener()?.get_async_pubsub().await?;
        subscription.subscribe(&self.name).await?;
        Ok(subscription)
    }
}

/// Listens until there is no cache any more.
pub(super) async fn listen(bus: Arc<Bus>, inner: Weak<Inner>) {
    let mut pauses = Pauses::new();
    while inner.strong_count() > 0 {
        let subscription = tokio::time::timeout(QUIET, bus.subscribe()).await;
        if let Ok(Ok(subscription)) = subscription {
            pauses = Pauses::new();
            if hear(&bus, &inner, subscription).await.is_none() {
                return;
            }
        }
        pauses.pause().await;
    }
}

/// Comes back when the subscription is cut off; `None`: there is no cache any more.
async fn hear(bus: &Bus, inner: &Weak<Inner>, subscription: PubSub) -> Option<()> {
    // What was said before, nobody has heard.
    inner.upgrade()?.forget_memory();
    let (mut sink, mut messages) = subscription.split();
    loop {
        match tokio::time::timeout(QUIET, messages.next()).await {
            Ok(Some(message)) => bus.tell(inner, message.get_payload_bytes()).await?,
            Ok(None) => return Some(()),
            Err(_) => {
                let answer = tokio::time::timeout(QUIET, sink.ping::<redis::Value>()).await;
                if !matches!(answer, Ok(Ok(_))) {
                    return Some(());
                }
                inner.upgrade()?;
            }
        }
    }
}
