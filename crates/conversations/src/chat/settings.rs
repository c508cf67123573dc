//! How a chat account is set up: where its widget may stand, what it says, when somebody is there.

use serde::{Deserialize, Serialize};

/// When a chat is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hours {
    /// In the agency's office hours.
    #[default]
    Office,
    /// Day and night.
    Always,
}

/// The settings of a chat account; nothing in it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where the widget may stand, as `https://dinas.contoh.go.id`.
    pub origins: Vec<String>,
    /// The first words, in Indonesian; empty: the catalogue's.
    pub greeting: String,
    /// The first words, in English.
    pub greeting_en: String,
    /// What is said while nobody is there, in Indonesian.
    pub away: String,
    /// The same in English.
    pub away_en: String,
    /// When somebody is there.
    pub hours: Hours,
    /// Which of the secrets that we share with the host application holds; 0: none is given out.
    pub key_number: u32,
    /// The host application's public key, hexadecimal; where there is one, it alone counts.
    pub public_key: String,
}

impl Settings {
    /// Reads an account's settings; what is not known or broken is as if it were not set.
    #[must_use]
    pub fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// The settings as an account keeps them.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("invariant: plain strings are JSON")
    }
}

/// The origin that a line names: scheme, host and port, nothing after. `http` for this machine
/// only, since elsewhere anybody on the way could put another script into the page.
#[must_use]
pub fn origin_of(line: &str) -> Option<String> {
    let line = line.trim().trim_end_matches('/').to_ascii_lowercase();
    let (scheme, rest) = line.split_once("://")?;
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let (wild, plain) = match host.strip_prefix("*.") {
        Some(plain) => (true, plain),
        None => (false, host),
    };
    let local = plain == "localhost" || plain == "127.0.0.1";
    let sound = plain.split('.').all(label) && (local || plain.contains('.')) && !(wild && local);
    let port_sound = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let scheme_sound = scheme == "https" || scheme == "http" && local;
    (sound && port_sound && scheme_sound).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (line, expected) in [
            ("https://dinas.contoh.go.id", Some("https://dinas.contoh.go.id")),
            (" HTTPS://Dinas.Contoh.go.id/ ", Some("https://dinas.contoh.go.id")),
            ("https://*.contoh.go.id:8443", Some("https://*.contoh.go.id:8443")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("http://dinas.contoh.go.id", None),
            ("https://dinas.contoh.go.id/halaman", None),
            ("https://dinas.contoh.go.id; script-src *", None),
            ("https://*", None),
            ("https://*.*.id", None),
            ("https://go", None),
            ("https://a.id:0", None),
            ("https://a.id:99999", None),
            ("javascript://a.id", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(origin_of(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn settings_survive_and_broken_ones_open_nothing() {
        let settings = Settings {
            origins: vec!["https://a.id".into()],
            hours: Hours::Always,
            ..Settings::default()
        };
        assert_eq!(Settings::read(&settings.to_json()), settings);
        assert_eq!(Settings::read("[]"), Settings::default());
        assert!(Settings::read("").origins.is_empty());
    }
}
