//! Where a report plays and who is in it: fills the placeholders of every text so that all texts
//! of one case speak of the same place and person.

use tanggap_kernel::Timestamp;
use tanggap_kernel::id::UnitId;

use super::chance::Chance;
use super::corpus::{AnswerText, Corpus, ReportText};
use super::hours;

/// One report's place, people and words.
#[derive(Clone)]
pub(super) struct Scene<'a> {
    pub(super) corpus: &'a Corpus,
    pub(super) text: &'a ReportText,
    pub(super) street: String,
    pub(super) village: String,
    pub(super) kecamatan: String,
    /// As texts address the reporter.
    pub(super) name: String,
    /// Whether we know who reported.
    pub(super) known: bool,
    pub(super) anonymous: bool,
    pub(super) has_photo: bool,
    pub(super) received: Timestamp,
    pub(super) unit: UnitId,
    /// The staff of this case, by their place in the cast.
    pub(super) agent: usize,
    pub(super) officer: usize,
    pub(super) supervisor: usize,
}

impl<'a> Scene<'a> {
    /// Fills the placeholders; `moment` is what {tanggal} and {jam} speak of.
    pub(super) fn fill(&self, text: &str, moment: Timestamp) -> String {
        let text = text.trim();
        if !text.contains('{') {
            return text.to_owned();
        }
        text.replace("{jalan}", &self.street)
            .replace("{desa}", &self.village)
            .replace("{kecamatan}", &self.kecamatan)
            .replace("{nama}", &self.name)
            .replace("{tanggal}", &hours::date(moment))
            .replace("{jam}", &hours::clock(moment))
    }

    /// Whether a note says nothing that this case belies.
    pub(super) fn takes_note(&self, note: &str) -> bool {
        let says = |word: &str| note.contains(word);
        (self.anonymous || !says("anonim"))
            && (self.has_photo || !says("Foto"))
            && (self.known || !says("telepon"))
            && (self.text.kind == "complaint" || !says("Pasal 42"))
            && !["keselamatan", "data pribadi", "kelompok rentan", "Laporan kedua"]
                .into_iter()
                .any(says)
    }

    /// Whether texts for the whole category may belie what this one report was answered with.
    pub(super) fn is_singular(&self) -> bool {
        let answers = self.corpus.suiting("answer", self.text);
        answers.first().is_some_and(|answer| answer.is_for_one_report())
    }

    /// The authority that this report belongs to, where it is another.
    pub(super) fn referral(&self) -> Option<&'a AnswerText> {
        let found = self.corpus.suiting("outside_authority", self.text);
        found.into_iter().find(|text| text.target.is_some())
    }

    pub(super) fn archive_reason(&self, chance: &mut Chance) -> String {
        let short = self.text.text.chars().count() < 60;
        let reason = self.corpus.general("archive_reason", chance, |reason| {
            let word = if short { "tidak memuat tempat" } else { "masalah sudah selesai sebelum" };
            reason.text.replace('\n', " ").contains(word)
        });
        reason.map(|reason| reason.text.trim().to_owned()).unwrap_or_default()
    }

    /// Why a unit sends it back; `last` where the desk has not decided yet what to do with it.
    pub(super) fn return_reason(&self, time: u8, last: bool, chance: &mut Chance) -> String {
        let own = (last && self.text.category == "jalan-rusak").then_some("jalan-rusak");
        let fitting: Vec<&AnswerText> = self
            .corpus
            .suiting("return_reason", self.text)
            .into_iter()
            .filter(|reason| own.is_some() && reason.then.is_some())
            .collect();
        let wanted = match time {
            _ if last => Some("wait"),
            1 => Some("again"),
            2 => Some("wait"),
            _ => None,
        };
        let reason = chance.pick(&fitting).copied().or_else(|| {
            self.corpus.general("return_reason", chance, |r| r.then.as_deref() == wanted)
        });
        reason.map(|reason| reason.text.trim().to_owned()).unwrap_or_default()
    }

    /// A word that goes with a rating; often none.
    pub(super) fn comment(&self, rating: i64, chance: &mut Chance) -> String {
        if !chance.of(0.4) {
            return String::new();
        }
        let suiting = match self.is_singular() {
            true => Vec::new(),
            false => self.corpus.suiting("rating_comment", self.text),
        };
        let fitting = |text: &&&AnswerText| text.stars.contains(&rating);
        let own: Vec<&AnswerText> = suiting.iter().filter(fitting).copied().collect();
        let comment = chance.pick(&own).copied().or_else(|| {
            self.corpus.general("rating_comment", chance, |text| text.stars.contains(&rating))
        });
        comment.map(|comment| comment.text.trim().to_owned()).unwrap_or_default()
    }

    /// The place in words.
    pub(super) fn place(&self, kind: &str, with_street: bool) -> String {
        let kind = if kind == "kelurahan" { "Kelurahan" } else { "Desa" };
        let mut place = format!("{kind} {}, Kecamatan {}", self.village, self.kecamatan);
        if with_street {
            place = format!("{}, {place}", self.street);
        }
        match &self.text.spot {
            Some(spot) => format!("{spot}, {place}"),
            None => place,
        }
    }
}
