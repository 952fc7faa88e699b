//! `cachepolicy playground`

use super::Outcome;
use crate::playground;
use anyhow::{Context as _, Result, bail};
use std::net::SocketAddr;

/// Serve the playground on this machine
///
/// A page on which one types a policy and at once sees its graph, its proofs and a simulated day. It runs
/// this program's compiler and simulator in the browser: nothing that is typed or dropped there leaves it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cachepolicy playground
  cachepolicy playground --listen 127.0.0.1:9000")]
pub(crate) struct Args {
    /// Where the page is: a loopback address, for this machine alone
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8088")]
    listen: SocketAddr,
}

/// Serves until it is interrupted.
pub(crate) fn run(arguments: &Args) -> Result<Outcome> {
    let listen = arguments.listen;
    if !playground::is_built_in() {
        bail!(
            "this program was built without the page: run `cargo xtask web` in the repository, then build it again"
        );
    }
    if !listen.ip().is_loopback() {
        bail!(
            "`--listen {listen}` could be reached from elsewhere: use a loopback address, such as 127.0.0.1:8088"
        );
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the server")?;
    runtime.block_on(playground::serve(listen))?;
    Ok(Outcome::Fine)
}
