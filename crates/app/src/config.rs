//! How a node is configured: a file, then the environment, then the command line, each over the
//! one before it, into one typed structure. What is unknown is refused, so that a mistyped
//! setting is found at the start and not on a bad day.
//!
//! The file is `tanggap.toml` in the data folder, or `--config`. docs/operators/configure.md
//! lists every setting.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tanggap_channels::email::wire::RelayConfig;
use tanggap_channels::messenger::Places;
use tanggap_channels::reach::{Network, Reach};
use tanggap_conversations::files::Scanner;
use tanggap_kernel::{Fault, Result};
use tanggap_store::Engine;
use toml::{Table, Value};
use tracing_subscriber::filter::LevelFilter;

/// The name of the file in the data folder.
pub const FILE: &str = "tanggap.toml";

/// A node's configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of the database file, the files and the key.
    #[serde(skip)]
    pub data: PathBuf,
    /// `postgres://…`; without it SQLite in the data folder.
    pub database: Option<String>,
    /// Where files are kept: a folder, or `s3://bucket/prefix`; without it `files` in the data
    /// folder.
    pub files: Option<String>,
    /// Where clamd listens: `host:port` or the path of its socket; without it files are kept
    /// unscanned, and say so.
    pub scanner: Option<String>,
    /// The front door.
    #[serde(default)]
    pub server: Server,
    /// What is written to standard error.
    #[serde(default)]
    pub log: Log,
    /// The relay for outgoing mail; without it mail waits, visibly.
    pub mail: Option<RelayConfig>,
    /// Where messengers' providers are, where they are reached by another way than their own.
    #[serde(default)]
    pub messengers: Places,
    /// What agencies' accounts may do.
    #[serde(default)]
    pub accounts: Accounts,
}

/// What agencies' accounts may do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// Networks that are not of the open internet and in which an account's servers may be all
    /// the same: `10.20.0.0/16`, or one address.
    pub networks: Vec<String>,
}

/// The front door.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Where to listen: address and port.
    pub listen: String,
    /// The address under which people reach the installation: `https://lapor.contoh.go.id`.
    pub base_url: String,
    /// PEM file of the certificate chain; with `tls_key` the node speaks TLS itself.
    pub tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub tls_key: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Seconds after which a request that is not answered is given up.
    pub request_seconds_max: u64,
    /// The largest file that is taken, in megabytes.
    pub upload_mb_max: usize,
    /// Bearer token that opens `/metrics` from elsewhere; empty: from this machine only.
    pub metrics_token: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            base_url: String::new(),
            tls_cert: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            request_seconds_max: 120,
            upload_mb_max: 10,
            metrics_token: String::new(),
        }
    }
}

/// What is written to standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, or a filter such as `info,tanggap_store=debug`.
    pub level: String,
    /// Lines for people or JSON for machines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

impl Log {
    /// Without `=` a word is a level: any other would silence the log.
    fn check(&self) -> Result<(), Fault> {
        let words = self.level.split(',').map(str::trim);
        let mut levels = words.filter(|word| !word.contains('='));
        match levels.find(|word| word.parse::<LevelFilter>().is_err()) {
            None => Ok(()),
            Some(word) => Err(Fault::new(format!(
                "log level {word:?} is none of error, warn, info, debug, trace and off"
            ))),
        }
    }
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// How a variable's text is read.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Number,
    List,
}

/// Each variable and the setting that it sets.
const VARIABLES: &[(&str, &[&str], Shape)] = &[
    ("TANGGAP_DATABASE", &["database"], Shape::Text),
    ("TANGGAP_FILES", &["files"], Shape::Text),
    ("TANGGAP_SCANNER", &["scanner"], Shape::Text),
    ("TANGGAP_LISTEN", &["server", "listen"], Shape::Text),
    ("TANGGAP_BASE_URL", &["server", "base_url"], Shape::Text),
    ("TANGGAP_TLS_CERT", &["server", "tls_cert"], Shape::Text),
    ("TANGGAP_TLS_KEY", &["server", "tls_key"], Shape::Text),
    ("TANGGAP_TRUSTED_PROXIES", &["server", "trusted_proxies"], Shape::List),
    ("TANGGAP_REQUEST_SECONDS_MAX", &["server", "request_seconds_max"], Shape::Number),
    ("TANGGAP_UPLOAD_MB_MAX", &["server", "upload_mb_max"], Shape::Number),
    ("TANGGAP_METRICS_TOKEN", &["server", "metrics_token"], Shape::Text),
    ("TANGGAP_LOG_LEVEL", &["log", "level"], Shape::Text),
    ("TANGGAP_LOG_FORMAT", &["log", "format"], Shape::Text),
    ("TANGGAP_MESSENGERS_GRAPH", &["messengers", "graph"], Shape::Text),
    ("TANGGAP_MESSENGERS_TELEGRAM", &["messengers", "telegram"], Shape::Text),
    ("TANGGAP_MESSENGERS_X", &["messengers", "x"], Shape::Text),
    ("TANGGAP_ACCOUNT_NETWORKS", &["accounts", "networks"], Shape::List),
    ("TANGGAP_MAIL_HOST", &["mail", "host"], Shape::Text),
    ("TANGGAP_MAIL_PORT", &["mail", "port"], Shape::Number),
    ("TANGGAP_MAIL_TLS", &["mail", "tls"], Shape::Text),
    ("TANGGAP_MAIL_USER", &["mail", "user"], Shape::Text),
    ("TANGGAP_MAIL_PASSWORD", &["mail", "password"], Shape::Text),
    ("TANGGAP_MAIL_FROM_ADDRESS", &["mail", "from_address"], Shape::Text),
    ("TANGGAP_MAIL_FROM_NAME", &["mail", "from_name"], Shape::Text),
    ("TANGGAP_MAIL_HELLO_NAME", &["mail", "hello_name"], Shape::Text),
];

/// Variables that are no settings: places, secrets, and what tests are told.
const OTHER_VARIABLES: [&str; 4] =
    ["TANGGAP_DATA", "TANGGAP_CONFIG", "TANGGAP_MASTER_KEY", "TANGGAP_ADMIN_PASSWORD"];

/// Variables of the environment that look like ours and mean nothing: mistyped ones.
#[must_use]
pub fn unknown_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| is_mistyped(name)).collect()
}

fn is_mistyped(name: &str) -> bool {
    name.starts_with("TANGGAP_")
        && !["TANGGAP_TEST", "TANGGAP_BIN"].iter().any(|start| name.starts_with(start))
        && !OTHER_VARIABLES.contains(&name)
        && !VARIABLES.iter().any(|(known, ..)| *known == name)
}

impl Config {
    /// Reads the file and the environment; the command line is laid over it by the caller.
    ///
    /// # Errors
    /// A fault that names the file or variable that cannot be understood.
    pub fn load(data: &Path, file: Option<&Path>) -> Result<Self> {
        Self::read(data, file, |name| std::env::var(name).ok())
    }

    fn read(
        data: &Path,
        file: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let path = file.map_or_else(|| data.join(FILE), Path::to_path_buf);
        let wrong = |e: &dyn std::fmt::Display| Fault::new(format!("{}: {e}", path.display()));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && file.is_none() => String::new(),
            Err(e) => return Err(wrong(&e).into()),
        };
        let unread = |e: toml::de::Error| Fault::new(in_line(&path, &text, &e));
        let mut table: Table = text.parse().map_err(unread)?;
        for (name, setting, shape) in VARIABLES {
            if let Some(text) = variable(name).filter(|text| !text.is_empty()) {
                lay(&mut table, setting, value(name, &text, *shape)?);
            }
        }
        greet_by_our_name(&mut table);
        let mut config: Self = table.try_into().map_err(|e| misread(&path, &text, &e))?;
        config.data = data.to_owned();
        config.server.base_url = config.server.base_url.trim_end_matches('/').to_owned();
        Ok(config)
    }

    /// Checks what belongs together.
    ///
    /// # Errors
    /// A fault that says what is missing.
    pub fn check(&self) -> Result<(), Fault> {
        if self.server.tls_cert.is_some() != self.server.tls_key.is_some() {
            return Err(Fault::new("tls_cert and tls_key are given together or not at all"));
        }
        let port = self.server.listen.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            return Err(Fault::new(format!(
                "listen is an address and a port, such as 127.0.0.1:8080, not {:?}",
                self.server.listen
            )));
        }
        self.log.check()?;
        let base = &self.server.base_url;
        if !base.is_empty() && !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(Fault::new("base_url begins with http:// or https://"));
        }
        self.reach().map(drop)
    }

    /// Where servers may be that agencies' accounts name.
    ///
    /// # Errors
    /// A fault that names what is no network.
    pub fn reach(&self) -> Result<Reach, Fault> {
        let networks = self.accounts.networks.iter().map(|text| text.parse());
        let networks: Result<Vec<Network>, String> = networks.collect();
        networks.map(|known| Reach::with(&known)).map_err(Fault::new)
    }

    /// Where the files are.
    #[must_use]
    pub fn files(&self) -> String {
        let own = || self.data.join("files").to_string_lossy().into_owned();
        self.files.clone().unwrap_or_else(own)
    }

    /// Where the rows are.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &self.database {
            Some(url) => Engine::parse(url),
            None => Engine::Sqlite(self.data.join("tanggap.sqlite3")),
        }
    }

    /// What looks into files.
    #[must_use]
    pub fn scanner(&self) -> Option<Scanner> {
        self.scanner.as_deref().and_then(Scanner::parse)
    }

    /// Whether cookies may go over TLS only.
    #[must_use]
    pub fn secure_cookies(&self) -> bool {
        self.server.tls_cert.is_some() || self.server.base_url.starts_with("https://")
    }
}

/// What cannot be understood: with its line where it stands in the file, else it came by the
/// environment.
fn misread(path: &Path, text: &str, error: &toml::de::Error) -> Fault {
    let told = match toml::from_str::<Config>(text) {
        Err(alone) if alone.message() == error.message() => in_line(path, text, &alone),
        _ => format!("the environment (TANGGAP_…) over {}: {error}", path.display()),
    };
    Fault::new(told.trim_end())
}

/// The line and what is wrong with it, never what stands there: it may be a password.
fn in_line(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| format!(", line {}", before.matches('\n').count() + 1));
    format!("{}{}: {}", path.display(), line.unwrap_or_default(), error.message())
}

fn value(name: &str, text: &str, shape: Shape) -> Result<Value, Fault> {
    Ok(match shape {
        Shape::Text => Value::String(text.to_owned()),
        Shape::Number => {
            let number = text.trim().parse::<i64>();
            Value::Integer(number.map_err(|_| Fault::new(format!("{name} is not a number")))?)
        }
        Shape::List => {
            let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
    })
}

fn lay(table: &mut Table, setting: &[&str], value: Value) {
    match setting {
        [key] => {
            table.insert((*key).to_owned(), value);
        }
        [section, rest @ ..] => {
            let inner = table.entry(*section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                lay(inner, rest, value);
            }
        }
        [] => {}
    }
}

/// The name in EHLO, where none is set: the domain of our address.
fn greet_by_our_name(table: &mut Table) {
    let Some(Value::Table(mail)) = table.get_mut("mail") else { return };
    let domain = mail
        .get("from_address")
        .and_then(Value::as_str)
        .and_then(|address| address.rsplit_once('@'))
        .map(|(_, domain)| domain.to_owned());
    if let (None, Some(domain)) = (mail.get("hello_name"), domain) {
        mail.insert("hello_name".to_owned(), Value::String(domain));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        Config::read(folder.path(), None, |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let text = "[server]\nlisten = \"0.0.0.0:80\"\nbase_url = \"https://lapor.contoh.go.id/\"";
        let config = read(text, &[("TANGGAP_LISTEN", "[::1]:9"), ("TANGGAP_LOG_FORMAT", "json")]);
        let config = config.unwrap();
        assert_eq!(config.server.listen, "[::1]:9");
        assert_eq!(config.server.base_url, "https://lapor.contoh.go.id");
        assert_eq!(config.log.format, LogFormat::Json);
        assert!(config.secure_cookies() && config.engine().is_sqlite() && config.mail.is_none());
    }

    #[test]
    fn a_relay_can_come_from_the_environment_alone() {
        let config = read(
            "",
            &[
                ("TANGGAP_MAIL_HOST", "127.0.0.1"),
                ("TANGGAP_MAIL_PORT", "25"),
                ("TANGGAP_MAIL_TLS", "none"),
                ("TANGGAP_MAIL_FROM_ADDRESS", "lapor@contoh.go.id"),
                ("TANGGAP_TRUSTED_PROXIES", "127.0.0.1, ::1"),
            ],
        );
        let config = config.unwrap();
        assert_eq!(config.mail.unwrap().hello_name, "contoh.go.id");
        assert_eq!(config.server.trusted_proxies.len(), 2);
    }

    #[test]
    fn what_is_unknown_or_half_given_is_refused() {
        assert!(read("[server]\nlistne = \"x\"", &[]).is_err());
        assert!(read("", &[("TANGGAP_MAIL_PORT", "lima")]).is_err());
        assert!(read("", &[("TANGGAP_TRUSTED_PROXIES", "rumah")]).is_err());
        for (name, wrong) in [("TANGGAP_LISTEN", "127.0.0.1"), ("TANGGAP_LOG_LEVEL", "infoo")] {
            assert!(read("", &[(name, wrong)]).unwrap().check().is_err(), "{name}");
        }
        let filter = read("", &[("TANGGAP_LOG_LEVEL", "info, tanggap_store=debug")]).unwrap();
        assert!(filter.check().is_ok());
        let half = read("", &[("TANGGAP_TLS_CERT", "/etc/cert.pem")]).unwrap();
        assert!(half.check().is_err());
        assert!(read("", &[("TANGGAP_ACCOUNT_NETWORKS", "10.0.0.0/40")]).unwrap().check().is_err());
        let inner = read("", &[("TANGGAP_ACCOUNT_NETWORKS", "10.1.0.0/16, ::1")]).unwrap();
        assert!(inner.reach().unwrap().allows([10, 1, 2, 3].into()));
        assert!(!inner.reach().unwrap().allows([127, 0, 0, 1].into()));
        assert!(read("", &[("TANGGAP_BASE_URL", "lapor.contoh.go.id")]).unwrap().check().is_err());
    }

    #[test]
    fn what_cannot_be_understood_is_named_with_its_line_or_as_of_the_environment() {
        let told = |text: &str, variables: &[(&str, &str)]| {
            read(text, variables).map(drop).unwrap_err().to_string()
        };
        let typo = told("[server]\nlisten = \"[::1]:80\"\nbase_ulr = \"x\"", &[]);
        assert!(typo.contains("line 3") && typo.contains("base_ulr"), "{typo}");
        let open = told("[mail]\nhost = \"x\"\npassword = \"SANDI\n", &[]);
        assert!(open.contains("line 3") && !open.contains("SANDI"), "{open}");
        let kind = told("[log]\nformat = \"xml\"", &[("TANGGAP_LISTEN", "[::1]:9")]);
        assert!(kind.contains("line 2"), "{kind}");
        assert!(is_mistyped("TANGGAP_LSITEN") && !is_mistyped("TANGGAP_LISTEN"));
        assert!(!is_mistyped("TANGGAP_DATA") && !is_mistyped("LISTEN"));
        let outside = told("[log]\nlevel = \"info\"", &[("TANGGAP_LOG_FORMAT", "xml")]);
        assert!(outside.contains("environment") && outside.contains("xml"), "{outside}");
    }

    /// The names that a part of the file may hold, as its refusal of another tells them.
    fn names(section: &str) -> Vec<String> {
        let text = format!("{section}\ntidak_ada = 1");
        let told = read(&text, &[]).map(drop).unwrap_err().to_string();
        let (_, expected) = told.split_once("expected").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_setting_and_variable_is_in_the_operators_manual_and_nothing_else() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operators/configure.md");
        let page = std::fs::read_to_string(page).unwrap();
        let mut known: Vec<String> = Vec::new();
        let sections = ["server", "log", "mail", "messengers", "accounts"];
        for name in names("").iter().filter(|name| !sections.contains(&name.as_str())) {
            known.push(name.clone());
        }
        for section in sections {
            let of_section = names(&format!("[{section}]"));
            known.extend(of_section.iter().map(|name| format!("{section}.{name}")));
        }
        let variables = VARIABLES.iter().map(|(name, ..)| *name);
        for name in known.iter().map(String::as_str).chain(variables) {
            assert!(page.contains(&format!("`{name}`")), "{name} is not in the manual");
        }
        for row in page.lines().filter(|line| line.starts_with("| `")) {
            let (settings, rest) = row[1..].split_once('|').unwrap();
            for name in settings.split('`').skip(1).step_by(2) {
                assert!(known.iter().any(|known| known == name), "there is no setting {name}");
            }
            for name in rest.split('`').filter(|word| word.starts_with("TANGGAP_")) {
                assert!(VARIABLES.iter().any(|(known, ..)| *known == name), "there is no {name}");
            }
        }
    }
}
