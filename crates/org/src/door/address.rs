//! The address a request comes from. A proxy's word for it is believed only where the proxy is
//! configured, and then only as far as the last hop that is not one of ours.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use tanggap_ui::ctx::Site;

/// The client's address; `None` where the server does not know the peer (tests).
#[must_use]
pub fn client_address(parts: &Parts, site: &Site) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
    if !site.trusted_proxies.contains(&peer) {
        return Some(peer);
    }
    let lines = parts.headers.get_all("x-forwarded-for").iter();
    let hops: Vec<IpAddr> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|hop| hop.trim().parse().ok())
        .collect();
    let foreign = hops.into_iter().rev().find(|hop| !site.trusted_proxies.contains(hop));
    Some(foreign.unwrap_or(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_configured_proxies_are_believed() {
        for (peer, forwarded, expected) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
        ] {
            let trusted_proxies = ["127.0.0.1", "10.0.0.1"].map(|ip| ip.parse().unwrap()).to_vec();
            let site = Site { trusted_proxies, ..Site::default() };
            let request = http::Request::builder().header("x-forwarded-for", forwarded).body(());
            let (mut parts, ()) = request.unwrap().into_parts();
            let peer: IpAddr = peer.parse().unwrap();
            parts.extensions.insert(ConnectInfo(SocketAddr::new(peer, 9)));
            let found = client_address(&parts, &site);
            assert_eq!(found, Some(expected.parse().unwrap()), "{forwarded}");
        }
    }
}
