//! Debian's Dovecot, as `scripts/with-dovecot.sh` starts it.

use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;

pub struct Dovecot {
    pub folder: PathBuf,
    pub port: u16,
    pub tls: u16,
}

impl Dovecot {
    pub fn find() -> Option<Self> {
        let Some(folder) = std::env::var_os("TANGGAP_TEST_DOVECOT").map(PathBuf::from) else {
            println!("skipped: scripts/with-dovecot.sh starts the server for this test");
            return None;
        };
        let ports = std::fs::read_to_string(folder.join("ports")).expect("its ports");
        let mut ports = ports.split_whitespace().map(|port| port.parse().expect("a number"));
        let mut port = || ports.next().expect("a port");
        Some(Self { port: port(), tls: port(), folder })
    }

    pub fn control(&self, verb: &str) {
        let done = Command::new(self.folder.join("control")).arg(verb).status().expect("it runs");
        assert!(done.success());
    }

    /// Other tests, which are other processes, restart the server as well.
    pub fn alone(&self) -> std::fs::File {
        let alone = std::fs::File::create(self.folder.join("alone")).expect("a file");
        alone.lock().expect("locked");
        alone
    }

    /// Puts messages into the mailbox; the numbers are the files', `text` makes their content.
    pub fn deliver(&self, user: &str, numbers: Range<u32>, text: impl Fn(u32) -> Vec<u8>) {
        let home = self.folder.join("mail").join(user);
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(home.join(part)).expect("a folder");
        }
        for number in numbers {
            let name = format!("{:010}.M{number}.uji", 1_700_000_000 + number);
            std::fs::write(home.join("new").join(name), text(number)).expect("written");
        }
        let like = format!("--reference={}", self.folder.join("mail").display());
        // Where the test does not run as root, the files are its own and the server's as well.
        let _ = Command::new("chown").arg("-R").arg(like).arg(home).status();
    }
}
