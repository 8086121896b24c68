//! Who the caller is when a proxy stands in between. Only a proxy of ours is believed, and only the header that it is known
//! to write: any other header may be the caller's own invention.

use axum::http::{HeaderMap, header};
use std::net::IpAddr;

/// The header in which our proxies say whom they speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardHeader {
    /// `X-Forwarded-For`, to which each proxy appends the address it sees.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), the same with `for=`.
    Forwarded,
}

/// The proxies that are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    networks: Vec<(IpAddr, u32)>,
    header: ForwardHeader,
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network: an address like 10.0.0.0/8, 192.0.2.7 or fd00::/8 is expected")]
pub struct NotANetwork(String);

impl Proxies {
    /// Proxies in these networks (`10.0.0.0/8`, or one address), which write this header.
    ///
    /// # Errors
    /// [`NotANetwork`] with the first text that is none.
    pub fn parse<'a>(networks: impl IntoIterator<Item = &'a str>, header: ForwardHeader) -> Result<Self, NotANetwork> {
        let networks = networks.into_iter().map(|text| network(text).ok_or_else(|| NotANetwork(text.to_owned())));
        Ok(Self { networks: networks.collect::<Result<_, _>>()?, header })
    }

    /// Whether any proxy is believed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    fn believes(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|(network, bits)| within(address, *network, *bits))
    }

    /// The caller: the peer, or whom the nearest believed proxies say they speak for. Read from the right, because what
    /// stands on the left came from outside.
    pub(crate) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut caller = peer;
        if !self.believes(caller) {
            return caller;
        }
        let name = match self.header {
            ForwardHeader::XForwardedFor => "x-forwarded-for",
            ForwardHeader::Forwarded => header::FORWARDED.as_str(),
        };
        let all: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        for entry in all.join(",").rsplit(',').take(50) {
            let said = match self.header {
                ForwardHeader::XForwardedFor => address(entry.trim()),
                ForwardHeader::Forwarded => forwarded_for(entry),
            };
            // A proxy that does not say whom it speaks for is the last that is known.
            let Some(said) = said else { return caller };
            caller = said;
            if !self.believes(caller) {
                return caller;
            }
        }
        caller
    }
}

/// The node of an element of `Forwarded` (RFC 7239 §4): `for=192.0.2.60;proto=https`, `for="[2001:db8::17]:4711"`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, node) = pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(node.trim().trim_matches('"'))
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return Some(socket.ip().to_canonical());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (base, bits) = match text.split_once('/') {
        Some((base, bits)) => (base.parse::<IpAddr>().ok()?, bits.parse::<u32>().ok()?),
        None => {
            let base = text.parse::<IpAddr>().ok()?;
            (base, if base.is_ipv4() { 32 } else { 128 })
        }
    };
    let max = if base.is_ipv4() { 32 } else { 128 };
    (bits <= max).then_some((base, bits))
}

fn within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0);
            u32::from(address) & mask == u32::from(network) & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0);
            u128::from(address) & mask == u128::from(network) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn caller(proxies: &Proxies, peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        proxies.caller(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn only_what_our_proxies_saw_is_believed() {
        let proxies = Proxies::parse(["10.0.0.0/8", "fd00::/8"], ForwardHeader::XForwardedFor).unwrap();
        let ask = |peer, headers: &[_]| caller(&proxies, peer, headers);
        let name = "x-forwarded-for";
        assert_eq!(ask("192.0.2.1", &[(name, "198.51.100.1")]), "192.0.2.1", "a stranger speaks for nobody");
        assert_eq!(ask("10.1.1.1", &[(name, "198.51.100.1")]), "198.51.100.1");
        assert_eq!(ask("10.1.1.1", &[(name, "1.1.1.1, 198.51.100.1")]), "198.51.100.1", "the left is invented");
        assert_eq!(ask("10.1.1.1", &[(name, "198.51.100.1, 10.2.2.2")]), "198.51.100.1", "two proxies of ours");
        assert_eq!(ask("10.1.1.1", &[(name, "1.1.1.1"), (name, "198.51.100.1")]), "198.51.100.1", "two headers");
        assert_eq!(ask("10.1.1.1", &[(name, "1.1.1.1, unknown")]), "10.1.1.1");
        assert_eq!(ask("10.1.1.1", &[]), "10.1.1.1");
        assert_eq!(ask("10.1.1.1", &[(name, "10.3.3.3")]), "10.3.3.3", "all of them are ours");
        assert_eq!(ask("fd00::1", &[(name, "2001:db8::7")]), "2001:db8::7");
        assert_eq!(ask("::ffff:10.1.1.1", &[(name, "198.51.100.1:4711")]), "198.51.100.1");
        assert_eq!(ask("10.1.1.1", &[("forwarded", "for=1.1.1.1")]), "10.1.1.1", "a header that is not theirs");
        assert_eq!(caller(&Proxies::default(), "10.1.1.1", &[(name, "1.1.1.1")]), "10.1.1.1", "no proxy, no word");
    }

    #[test]
    fn the_standard_header_is_read() {
        let proxies = Proxies::parse(["127.0.0.1"], ForwardHeader::Forwarded).unwrap();
        let ask = |value| caller(&proxies, "127.0.0.1", &[("forwarded", value)]);
        assert_eq!(ask("for=192.0.2.43, for=\"[2001:db8:cafe::17]:4711\";proto=https"), "2001:db8:cafe::17");
        assert_eq!(ask("For=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60");
        assert_eq!(ask("for=_hidden"), "127.0.0.1");
    }

    #[test]
    fn networks_are_networks() {
        for good in ["10.0.0.0/8", "192.0.2.1", "::1", "0.0.0.0/0", "::/0", "2001:db8::/32"] {
            assert!(Proxies::parse([good], ForwardHeader::default()).is_ok(), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "::/129", "localhost", "10.0.0.0/-1", "10/8"] {
            assert!(Proxies::parse([bad], ForwardHeader::default()).is_err(), "{bad}");
        }
    }
}
