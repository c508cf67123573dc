//! The command line. Every command takes `--data` and `--database`; what a machine reads goes to
//! standard output, everything else to standard error.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tanggap_kernel::{Fault, Result};

use crate::config::Config;
use crate::{node, observe, serve};

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
    /// The folder of the database file, the files, the key and tanggap.toml
    #[arg(long, global = true, env = "TANGGAP_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// postgres://… or the path of an SQLite file, instead of the one in the data folder
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// Another configuration file than tanggap.toml in the data folder
    #[arg(long, global = true, env = "TANGGAP_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    fn config(&self) -> Result<Config> {
        let mut config = Config::load(&self.data, self.config.as_deref())?;
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
}

#[derive(Args)]
struct Serve {
    /// Address and port, such as 0.0.0.0:8080
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// PEM file of the certificate chain
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's key
    #[arg(long, value_name = "FILE")]
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
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(e) => Err(Fault::new(format!("runtime: {e}")).into()),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("tanggap: {error}");
        ExitCode::FAILURE
    })
}

async fn run(cli: Cli) -> Result<ExitCode> {
    let mut config = cli.place.config()?;
    observe::start_log(&config.log)?;
    match cli.command {
        Command::Serve(args) => {
            args.lay_over(&mut config);
            let ctx = node::open(&config, true).await?;
            serve::serve(&config, ctx, |address| eprintln!("http://{address}")).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
