//! Sockets that a keeper opens before its bodies.

use std::net::IpAddr;
use std::path::PathBuf;

/// A listening socket that is there before a body binds it.
///
/// ```
/// use daimon_core::{ListenAddress, ListenPlan};
///
/// let web = ListenPlan { name: "web".into(), address: ListenAddress::Tcp { host: None, port: 8080 }, backlog: None };
/// assert_eq!(web.name, "web");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenPlan {
    /// Its name, for the bodies and for errors.
    pub name: String,
    /// Where it listens.
    pub address: ListenAddress,
    /// How many connections wait in its queue at most; `None`: 4,096. The system may take fewer.
    pub backlog: Option<i32>,
}

/// The address of a listening socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// A port of TCP.
    Tcp {
        /// `None`: `::`, which also takes IPv4, or where there is no IPv6 `0.0.0.0`.
        host: Option<IpAddr>,
        /// From 1 on.
        port: u16,
    },
    /// A Unix socket.
    Path {
        /// Absolute.
        path: PathBuf,
        /// The exact permissions of its file.
        mode: u32,
    },
}
