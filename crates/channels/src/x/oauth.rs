//! OAuth 1.0a (RFC 5849) as X wants it: HMAC-SHA1 over method, address and parameters. Bodies are
//! JSON or multipart, which are not signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use sha1::Sha1;

use crate::messenger::Secrets;

/// Percent-encoding of RFC 3986, which leaves unreserved characters only.
fn escape(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
        out
    })
}

/// The `Authorization` header of a call at `second` (since 1970) with a `nonce` of its own;
/// `form` are the fields of a body of type `application/x-www-form-urlencoded`.
pub(super) fn header(
    keys: &Secrets,
    method: &str,
    url: &Url,
    form: &[(&str, &str)],
    (second, nonce): (i64, &str),
) -> String {
    let second = second.to_string();
    let ours = [
        ("oauth_consumer_key", keys.app_key.as_str()),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", second.as_str()),
        ("oauth_token", keys.token.as_str()),
        ("oauth_version", "1.0"),
    ];
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let query = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all = ours.into_iter().chain(query).chain(form.iter().copied());
    let mut pairs: Vec<String> =
        all.map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.sort();
    let mut place = url.clone();
    place.set_query(None);
    place.set_fragment(None);
    let base = format!("{method}&{}&{}", escape(place.as_str()), escape(&pairs.join("&")));
    let key = format!("{}&{}", escape(&keys.app_secret), escape(&keys.token_secret));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes())
        .expect("invariant: HMAC takes a key of any length");
    mac.update(base.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let signed = ours.into_iter().chain([("oauth_signature", signature.as_str())]);
    let fields: Vec<String> =
        signed.map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    format!("OAuth {}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of X's guide "Creating a signature".
    #[test]
    fn the_published_signature_comes_out() {
        let keys = Secrets {
            app_key: "xvz1evFS4wEEPTGEFPHBog".into(),
            app_secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw".into(),
            token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb".into(),
            token_secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE".into(),
            ..Secrets::default()
        };
        let url = "https://api.x.com/1.1/statuses/update.json?include_entities=true";
        let header = header(
            &keys,
            "POST",
            &url.parse().unwrap(),
            &[("status", "Hello Ladies + Gentlemen, a signed OAuth request!")],
            (1_318_622_958, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
        );
        assert!(
            header.contains("oauth_signature=\"Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D\""),
            "{header}"
        );
    }
}
