//! Functions of IP addresses.

use std::borrow::Cow;
use std::net::IpAddr;

use ipnet::IpNet;

use super::scalar::{Body, TextFunction};

/// All functions.
pub(super) const FUNCTIONS: [TextFunction; 3] = [
    TextFunction {
        name: "is_private_ip",
        arguments: &["ip"],
        help: (
            "Whether an address is in a private, link-local, shared or loopback network; null if it is not an address",
            "is_private_ip(remote_ip)",
        ),
        null_is: None,
        body: Body::Truth(|args| Ok(args[0].parse().ok().map(is_private))),
    },
    TextFunction {
        name: "ip_in",
        arguments: &["ip", "networks"],
        help: (
            "Whether an address is in a network, or in one of several separated by commas; null if it is not an \
             address; an error if a network is invalid",
            "ip_in(remote_ip, '192.0.2.0/24,2001:db8::/32')",
        ),
        null_is: None,
        body: Body::Truth(|args| {
            let address: Option<IpAddr> = args[0].parse().ok();
            let mut is_in = false;
            for text in args[1].split(',').map(str::trim) {
                let network = parse_network(text)
                    .ok_or_else(|| format!("{text:?} is not a network such as 192.0.2.0/24"))?;
                is_in |= address.is_some_and(|address| network.contains(&address));
            }
            Ok(address.map(|_| is_in))
        }),
    },
    TextFunction {
        name: "ip_network",
        arguments: &["ip"],
        help: (
            "The network of an address: its /24, or /64 for IPv6; null if it is not an address",
            "ip_network(remote_ip)",
        ),
        null_is: None,
        body: Body::Text(|args| Some(Cow::Owned(network_of(args[0].parse().ok()?)))),
    },
];

/// The origin of all private addresses, in the view `requests` and in profiles.
pub(crate) const PRIVATE: &str = "private";

/// The origin of an address, as in the view `requests` if the log has no Region: private, or the network.
pub(crate) fn origin(address: IpAddr) -> String {
    if is_private(address) { PRIVATE.to_owned() } else { network_of(address) }
}

fn network_of(address: IpAddr) -> String {
    let address = address.to_canonical();
    let bits = if address.is_ipv4() { 24 } else { 64 };
    IpNet::new(address, bits).map_or_else(|_| address.to_string(), |network| network.trunc().to_string())
}

/// A network, or a single address.
pub(crate) fn parse_network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || (first == 100 && second & 0xC0 == 64) // shared address space, RFC 6598
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_private(IpAddr::V4(address)),
            None => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks() {
        for address in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "fd00::1",
            "::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in ["172.32.0.1", "100.128.0.1", "8.8.8.8", "2600:1ffe::1"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
