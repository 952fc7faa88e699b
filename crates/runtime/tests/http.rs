//! Requests answered from copies of whole responses.
#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(feature = "http")]

use cachepolicy_compiler::{Settings, compile};
use cachepolicy_runtime::{Body, Cache, HttpOptions, HttpService};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tower_layer::Layer as _;
use tower_service::Service;
