//! The command `tanggap`.

fn main() -> std::process::ExitCode {
    // Two providers are compiled in; rustls refuses to guess which one is meant.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("tanggap: a TLS provider was installed before the program began");
        return std::process::ExitCode::FAILURE;
    }
    tanggap_app::command::main()
}
