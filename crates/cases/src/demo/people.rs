//! The citizens of the demo: those of the file, and more made of their names, so that most write
//! once and some come back.

use tanggap_contacts::NewContact;
use tanggap_contacts::identity::Phone;

use super::chance::Chance;
use super::corpus::{Citizen, Corpus};

/// How many of the file's people write again and again.
const REGULARS: usize = 45;

/// Somebody who writes.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) kecamatan: usize,
    pub(super) channel: String,
    phone: String,
    email: Option<String>,
}

impl Person {
    /// As they name themselves, with a village to live in.
    pub(super) fn contact(&self, village: &str) -> NewContact {
        let by_mail = self.channel == "email";
        NewContact {
            name: self.name.clone(),
            address: village.to_owned(),
            phone: (!by_mail).then(|| self.phone.clone()),
            email: self.email.clone(),
            ..NewContact::default()
        }
    }
}

/// Everybody who has written so far.
pub(super) struct Crowd<'c> {
    corpus: &'c Corpus,
    people: Vec<Person>,
    next_name: usize,
}

impl<'c> Crowd<'c> {
    pub(super) fn new(corpus: &'c Corpus) -> Self {
        Self { corpus, people: Vec::new(), next_name: 0 }
    }

    /// Who writes next.
    pub(super) fn next(&mut self, chance: &mut Chance) -> Person {
        let known = self.people.len();
        if known > REGULARS && chance.of(0.13) {
            return self.people[chance.below(REGULARS)].clone();
        }
        if known > REGULARS && chance.of(0.15) {
            return self.people[chance.below(known)].clone();
        }
        let file = &self.corpus.people;
        let (like, name) = match file.get(self.next_name) {
            Some(own) => (own, own.name.clone()),
            None => {
                let like = &file[chance.below(file.len())];
                let name = cross(like, &file[chance.below(file.len())]);
                (like, name)
            }
        };
        self.next_name += 1;
        // An area code that is not in use: no telephone rings.
        let phone = format!("+62299{:06}", 600_000 + (known * 7919 + 13) % 300_000);
        let phone = Phone::parse(&phone).map_or(phone.clone(), |read| read.e164().to_owned());
        let email = (like.channel == "email").then(|| {
            let slug = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), ".");
            format!("{slug}{}@surel.example", known)
        });
        let person =
            Person { name, kecamatan: like.kecamatan, channel: like.channel.clone(), phone, email };
        self.people.push(person.clone());
        person
    }

    /// A relative or neighbour of somebody.
    pub(super) fn other(&self, chance: &mut Chance) -> String {
        let file = &self.corpus.people;
        cross(&file[chance.below(file.len())], &file[chance.below(file.len())])
    }
}

/// The first name of one, the last of another.
fn cross(one: &Citizen, other: &Citizen) -> String {
    let first = one.name.split_whitespace().next().unwrap_or_default();
    match other.name.split_whitespace().last() {
        Some(last) if last != first && other.name.contains(' ') => format!("{first} {last}"),
        _ => one.name.clone(),
    }
}
