//! Where connections are made that somebody else than the operator named: the mail servers, token
//! endpoints and message centres of agencies' accounts.
//!
//! **Invariant: such a connection goes to an address that was looked at, never to a name.** Names
//! are resolved here and what they give is checked and then connected to, so that a name which
//! means something else a moment later changes nothing. What is not of the open internet (this
//! machine, its networks, the metadata of clouds) is refused unless the operator's configuration
//! names its network.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use tokio::net::TcpStream;

/// A network: an address, and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(one)) => {
                let differs = net.to_bits() ^ one.to_bits();
                differs.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(one)) => {
                let differs = net.to_bits() ^ one.to_bits();
                differs.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    /// Reads `10.20.0.0/16`, `fd00::/8`, or a single address.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network, as 10.20.0.0/16 is one");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => {
                bits.trim().parse().ok().filter(|bits| *bits <= most).ok_or_else(wrong)?
            }
            None => most,
        };
        Ok(Self { address, bits })
    }
}

/// Where connections may go.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reach {
    everywhere: bool,
    allowed: Arc<[Network]>,
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.everywhere {
            true => f.write_str("Reach(everywhere)"),
            false => f.debug_tuple("Reach").field(&self.allowed).finish(),
        }
    }
}

impl Reach {
    /// Everywhere: for servers that the operator's own configuration names.
    #[must_use]
    pub fn everywhere() -> Self {
        Self { everywhere: true, ..Self::default() }
    }

    /// The open internet, and these networks.
    #[must_use]
    pub fn with(networks: &[Network]) -> Self {
        Self { everywhere: false, allowed: networks.into() }
    }

    /// Whether connections may go to this address.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = plain(address);
        self.everywhere || is_open(address) || self.allowed.iter().any(|net| net.holds(address))
    }

    /// The addresses behind a host's name, without those that are not allowed.
    ///
    /// # Errors
    /// Where the name is not known, or none of its addresses is allowed.
    pub async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let mut found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port)).await?.collect();
        let known = found.len();
        found.retain(|address| self.allows(address.ip()));
        if known > 0 && found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, Inside));
        }
        Ok(found)
    }

    /// Connects to a host, at an address that is allowed.
    ///
    /// # Errors
    /// As [`Reach::resolve`], or that nobody answers there.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let addresses = self.resolve(host, port).await?;
        TcpStream::connect(addresses.as_slice()).await
    }
}

/// The host is not of the open internet.
#[derive(Debug)]
pub(crate) struct Inside;

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host is in an internal network that the operator did not allow")
    }
}

impl std::error::Error for Inside {}

/// An IPv4 address that is written as an IPv6 one is the same place.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn is_open(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_open_v4(v4),
        IpAddr::V6(v6) => is_open_v6(v6),
    }
}

/// Not of the registry of special addresses (RFC 6890).
fn is_open_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

/// Only what is given out as globally reachable (2000::/3), without what leads into IPv4 (6to4,
/// Teredo) or nowhere.
fn is_open_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let tunnel = a == 0x2002 || (a == 0x2001 && b < 0x0200);
    let documents = (a, b) == (0x2001, 0x0db8) || a == 0x3fff;
    (a & 0xe000) == 0x2000 && !tunnel && !documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_inside_is_refused_however_it_is_written() {
        let reach = Reach::default();
        for inside in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.170",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "fe80::1",
            "fec0::1",
            "fd00:ec2::254",
            "ff02::1",
            "2002:7f00:1::",
            "2001:0:53aa::1",
        ] {
            assert!(!reach.allows(ip(inside)), "{inside}");
            assert!(Reach::everywhere().allows(ip(inside)), "{inside}");
        }
        for open in ["8.8.8.8", "103.10.0.1", "172.32.0.1", "100.128.0.1", "2404:6800::1"] {
            assert!(reach.allows(ip(open)), "{open}");
        }
    }

    #[test]
    fn the_operator_opens_networks_and_no_more_than_these() {
        let networks: Vec<Network> =
            ["10.20.0.0/16", "::1", "fd00::/8"].map(|text| text.parse().unwrap()).into();
        let reach = Reach::with(&networks);
        for open in ["10.20.255.1", "::1", "fdff::1", "8.8.8.8", "::ffff:10.20.0.1"] {
            assert!(reach.allows(ip(open)), "{open}");
        }
        for inside in ["10.21.0.1", "127.0.0.1", "::2", "fe80::1"] {
            assert!(!reach.allows(ip(inside)), "{inside}");
        }
        let all = Reach::with(&["0.0.0.0/0".parse().unwrap()]);
        assert!(all.allows(ip("127.0.0.1")) && !all.allows(ip("::1")));
        for wrong in ["", "10.0.0.0/33", "::/129", "rumah", "10.0.0.0/-1", "10.0.0/8"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_name_that_means_this_machine_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"] {
            let refused = Reach::default().connect(host, port).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{host}");
        }
        assert!(Reach::everywhere().connect("127.0.0.1", port).await.is_ok());
        let own = Reach::with(&["127.0.0.0/8".parse().unwrap()]);
        assert!(own.connect("127.0.0.1", port).await.is_ok());
    }
}
