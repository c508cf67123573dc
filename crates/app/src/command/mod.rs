//! The command line. Every command takes `--data` and `--database`; what a machine reads goes to
//! standard output, everything else to standard error.

/// Prints a line of what the command is asked for.
macro_rules! say {
    ($($text:tt)*) => { $crate::command::print(format_args!($($text)*)) };
}

/// Tells something beside it.
macro_rules! note {
    ($($text:tt)*) => { $crate::command::tell(format_args!($($text)*)) };
}

mod admin;
mod audit;
mod backup;
mod demo;
mod doctor;
mod eval;
mod intake;

use std::fmt::Arguments;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{AgencyId, Error, Fault, Locale, Refusal, Result};
use tanggap_org::NewAgency;
use tanggap_store::Tx;
use tanggap_ui::t_args;

use crate::config::{Config, unknown_variables};
use crate::{node, observe, serve};

/// `EX_TEMPFAIL` of sysexits.h: mail servers keep a letter that is refused so and try again; on any
/// other failure they send it back to whoever wrote it.
const TRY_AGAIN: u8 = 75;

#[derive(Parser)]
#[command(name = "tanggap", version, about = "The contact centre of a public body")]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Where the installation is; given before or after the command.
#[derive(Args, Clone, Debug)]
struct Place {
    /// The folder of the database file, the files, the key and tanggap.toml [default: data]
    #[arg(long, global = true, env = "TANGGAP_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// postgres://… or the path of an SQLite file, instead of the one in the data folder
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// Another configuration file than tanggap.toml in the data folder
    #[arg(long, global = true, env = "TANGGAP_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    fn config(&self) -> Result<Config> {
        let data = self.data.clone().unwrap_or_else(|| PathBuf::from("data"));
        let mut config = Config::load(&data, self.config.as_deref())?;
        if self.database.is_some() {
            config.database.clone_from(&self.database);
        }
        Ok(config)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Serve citizens, staff and programs
    Serve(Serve),
    /// Serve a fictional regency with thousands of cases, to look at
    Demo(Serve),
    /// Bring the schema of the database up to date
    Migrate,
    /// Set up agencies, administrators and tokens
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Prove that nobody changed the record
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Take in what reached us by other ways; exit 75 where the mail server has to try again
    #[command(subcommand)]
    Intake(intake::Intake),
    /// Measure this version on outside data whose right result is known
    #[command(subcommand)]
    Eval(eval::Eval),
    /// Write all rows and files into one file, while the node runs
    Backup {
        /// The file to write
        file: PathBuf,
    },
    /// Read a backup into an empty database, on either engine
    Restore {
        /// The file to read
        file: PathBuf,
        /// The master key of the original is lost: begin anew without what it sealed
        #[arg(long)]
        new_key: bool,
    },
    /// Look at everything that the installation needs; exit 1 where something is wrong
    Doctor,
}

#[derive(Args)]
struct Serve {
    /// Address and port, such as 0.0.0.0:8080 [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// PEM file of the certificate chain
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Serve {
    fn lay_over(self, config: &mut Config) {
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        if self.tls_cert.is_some() {
            config.server.tls_cert = self.tls_cert;
        }
        if self.tls_key.is_some() {
            config.server.tls_key = self.tls_key;
        }
    }
}

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    // Known before the rest of the line is understood: a mistyped option sends no letter back.
    let is_intake = std::env::args_os().any(|word| word == "intake");
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) if is_intake && told.use_stderr() => {
            note!("{told}");
            return ExitCode::from(TRY_AGAIN);
        }
        Err(told) => told.exit(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(e) => Err(Fault::new(format!("runtime: {e}")).into()),
    };
    outcome.unwrap_or_else(|error| {
        note!("tanggap: {}", told(&error));
        if is_intake { ExitCode::from(TRY_AGAIN) } else { ExitCode::FAILURE }
    })
}

async fn run(cli: Cli) -> Result<ExitCode> {
    if let Command::Demo(args) = cli.command {
        return demo::run(&cli.place, args).await;
    }
    if let Command::Eval(command) = cli.command {
        eval::run(command)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut config = cli.place.config()?;
    if matches!(cli.command, Command::Doctor) {
        return doctor::run(&config).await;
    }
    observe::start_log(&config.log)?;
    match cli.command {
        Command::Serve(args) => {
            args.lay_over(&mut config);
            for name in unknown_variables() {
                tracing::warn!(name, "no setting is called so: this variable changes nothing");
            }
            let ctx = node::open(&config, true).await?;
            let scheme = if config.server.tls_cert.is_some() { "https" } else { "http" };
            serve::serve(&config, ctx, |address| note!("{scheme}://{address}")).await?;
        }
        Command::Migrate => {
            node::open(&config, true).await?;
            note!("the schema is up to date");
        }
        Command::Admin(command) => admin::run(&config, command).await?,
        Command::Audit(command) => return audit::run(&config, command).await,
        Command::Intake(command) => intake::run(&config, command).await?,
        Command::Backup { file } => backup::back_up(&config, &file).await?,
        Command::Restore { file, new_key } => {
            backup::restore(&config, &file, new_key).await?;
        }
        Command::Demo(_) | Command::Eval(_) | Command::Doctor => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Whoever reads no further (`| head`) wants no more of it, which keeps no command from its end;
/// a line that cannot be written for any other reason does, or what it was written to would look
/// whole.
fn print(text: Arguments<'_>) {
    let written = writeln!(std::io::stdout(), "{text}");
    if let Err(e) = written.as_ref()
        && e.kind() != std::io::ErrorKind::BrokenPipe
    {
        note!("tanggap: standard output: {e}");
        std::process::exit(1);
    }
}

/// Nobody hearing it is no failure.
fn tell(text: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// An error in words: a refusal names its fields. Where in the program a fault arose is in the log
/// of whoever asks for it.
fn told(error: &Error) -> String {
    let refusal = match error {
        Error::Refused(refusal) => refusal,
        Error::Fault(fault) => {
            tracing::debug!(at = %fault.at, "failed");
            return fault.what.clone();
        }
    };
    match refusal {
        Refusal::Invalid(fields) => {
            let told: Vec<String> = fields.iter().map(told_field).collect();
            told.join("; ")
        }
        Refusal::Illegal(key) => t_args(Locale::En, key, &[]).into_owned(),
        Refusal::NotFound => "there is no such thing".to_owned(),
        other => format!("{other:?}"),
    }
}

fn told_field(invalid: &Invalid) -> String {
    let args: Vec<_> =
        invalid.args.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
    format!("{}: {}", invalid.field, t_args(Locale::En, invalid.message, &args))
}

/// The agency called `slug`, or the oldest; where there is none at all, one is made, to be given
/// its name later.
fn agency(tx: &mut Tx<'_>, slug: Option<&str>) -> Result<AgencyId> {
    if let Some(slug) = slug {
        let found = tanggap_org::agency_by_slug(tx, slug)?;
        let known = || Fault::new(format!("there is no agency called {slug}"));
        return Ok(found.ok_or_else(known)?.id);
    }
    if let Some(oldest) = tanggap_org::agencies(tx)?.first() {
        return Ok(oldest.id);
    }
    let name = tanggap_ui::t(Locale::Id, "app-default-agency");
    tanggap_org::create_agency(tx, &NewAgency::named(name, tanggap_calendar::Zone::Wib))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::*;

    /// The words of a command line, with what stands between quotes as one.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (place, part) in line.split('"').enumerate() {
            match place % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        words
    }

    #[test]
    fn every_command_line_of_the_manual_is_one() {
        Cli::command().debug_assert();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut pages = vec![root.join("README.md"), root.join("CHANGELOG.md")];
        let folder = std::fs::read_dir(root.join("docs/operators")).unwrap();
        pages.extend(folder.map(|entry| entry.unwrap().path()));
        let mut seen = 0;
        for page in pages {
            let text = std::fs::read_to_string(&page).unwrap();
            let text = text.replace("\\\n", " ").replace("$(date +%F)", "hari");
            for rest in text.split("tanggap ").skip(1) {
                let line = rest.split(['\n', '`', '#', '>']).next().unwrap();
                let line = words(line);
                let is_command = Cli::command()
                    .get_subcommands()
                    .any(|command| line.first().is_some_and(|word| word == command.get_name()));
                if !is_command {
                    continue;
                }
                seen += 1;
                let parsed = Cli::try_parse_from([&["tanggap".to_owned()], &line[..]].concat());
                // A sentence may name a command without all that it needs.
                let named = [
                    ErrorKind::MissingRequiredArgument,
                    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                ];
                if let Err(error) = parsed {
                    assert!(named.contains(&error.kind()), "{}: {error}", page.display());
                }
            }
        }
        assert!(seen > 20, "{seen}");
    }
}
