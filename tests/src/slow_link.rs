//! A way to a server on which everything takes a while, now more and now less.
#![allow(clippy::expect_used, reason = "it is for tests")]

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// The longest that one piece takes on its way.
const SLOWEST: Duration = Duration::from_millis(6);

/// Opens a port on loopback from which everything goes to `port` and back, slowly. It is open until the
/// test ends.
#[must_use]
pub fn slow_link(port: u16, seed: u64) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let link = listener.local_addr().expect("a port").port();
    thread::spawn(move || {
        for (number, near) in listener.incoming().flatten().enumerate() {
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else {
                continue;
            };
            let seed = seed.wrapping_add(2 * number as u64);
            let (from_near, from_far) = (near.try_clone(), far.try_clone());
            thread::spawn(move || carry(from_near, far, seed));
            thread::spawn(move || carry(from_far, near, seed + 1));
        }
    });
    link
}

fn carry(from: std::io::Result<TcpStream>, mut to: TcpStream, seed: u64) {
    let mut random = Pcg32::seed_from_u64(seed);
    let mut piece = [0; 4096];
    if let Ok(mut from) = from {
        while let Ok(length @ 1..) = from.read(&mut piece) {
            thread::sleep(SLOWEST.mul_f64(random.random()));
            if to.write_all(&piece[..length]).is_err() {
                break;
            }
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
