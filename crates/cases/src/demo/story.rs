//! What becomes of one report: its steps with their hours and words, planned before anything is
//! written. Steps that lie after the present are left out by whoever replays them, so a recent
//! report simply stands where it would stand by now.

use tanggap_kernel::Timestamp;

use super::chance::Chance;
use super::corpus::{AnswerText, ReportText};
use super::hours::{self, Hours};
use super::scene::Scene;
use crate::report::Report;
use crate::rules::{Action, Voice};

/// Who takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Citizen,
    /// By their place in the cast.
    Staff(usize),
}

/// What is done.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Open(Box<Report>),
    Act(Action),
    /// A person in charge takes the case on.
    Take,
    Write(Voice, String),
    /// A look at the unmasked reporter.
    Look,
    Draft(String),
}

/// A step with its hour.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) at: Timestamp,
    pub(super) case: usize,
    pub(super) who: Who,
    pub(super) step: Step,
}

/// Which way a report goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Verified, forwarded, answered, and what then follows.
    Usual,
    /// The same, much later than it should.
    Slow,
    /// Nobody has looked at it.
    Fresh,
    /// Verified, and not forwarded yet.
    Checked,
    /// The reporter was asked for more and never answers.
    Asked,
    /// The reporter was asked for more and sends it.
    Completed,
    /// It belongs to another authority.
    Referred,
    Archived,
    Withdrawn,
    /// Forwarded, and not accepted yet.
    Sent,
    /// The unit sends it back so many times; whether it then waits at the desk.
    Returned(u8, bool),
    /// The unit does not answer.
    Stuck,
    /// Not solved; whether the second answer is still owed.
    Reopened(bool),
    /// The reporter objects after closing; whether the superior still owes a decision.
    Objected(bool),
}

/// One report on its way.
pub(super) struct Tale<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) hours: &'a Hours,
    pub(super) chance: Chance,
    pub(super) case: usize,
    /// Where the telling stands.
    pub(super) at: Timestamp,
    pub(super) steps: Vec<Planned>,
}

impl<'a> Tale<'a> {
    /// Tells it all.
    pub(super) fn tell(mut self, report: Report, by: Who, course: Course) -> Vec<Planned> {
        self.push(by, Step::Open(Box::new(report)));
        let first = self.chance.span(5.8, 1.2).clamp(0.25, 140.0);
        if course == Course::Fresh {
            return self.steps;
        }
        let share = 0.1 + 0.3 * self.chance.unit();
        self.wait(first * share);
        self.awake();
        if self.ends_at_the_desk(course) {
            return self.steps;
        }
        self.verify();
        if course == Course::Checked {
            return self.steps;
        }
        self.minutes(3, 40);
        self.forward(self.scene.agent, "forward_note");
        if course == Course::Sent {
            return self.steps;
        }
        if let Course::Returned(times, waits) = course {
            self.send_back(times, waits);
            if waits {
                return self.steps;
            }
        }
        if course == Course::Withdrawn {
            self.wait(3.0);
            self.withdraw();
            return self.steps;
        }
        let answered_by = self.scene.received.plus(hour_micros(first));
        self.work(course, answered_by);
        if course != Course::Stuck {
            self.after_the_answer(course);
        }
        self.steps
    }

    /// Completion, referral, archive, withdrawal: whether the telling ends here.
    fn ends_at_the_desk(&mut self, course: Course) -> bool {
        let agent = Who::Staff(self.scene.agent);
        match course {
            Course::Asked | Course::Completed => {
                let asked = self.scene.corpus.choose("question", self.scene.text, &mut self.chance);
                let Some(asked) = asked else { return false };
                let question = self.filled(&asked.text);
                self.push(agent, Step::Act(Action::AskCompletion { question }));
                if course == Course::Asked {
                    return true;
                }
                let hours = self.chance.span(20.0, 1.0).clamp(0.4, 24.0 * 25.0);
                self.wait(hours);
                self.awake();
                self.supply(asked);
                self.wait(1.5);
                self.awake();
                false
            }
            Course::Referred => {
                if let Some(text) = self.scene.referral() {
                    self.refer(text);
                }
                true
            }
            Course::Archived => {
                let reason = self.scene.archive_reason(&mut self.chance);
                self.push(agent, Step::Act(Action::Archive { reason }));
                true
            }
            Course::Withdrawn if self.chance.of(0.6) => {
                self.withdraw();
                true
            }
            _ => false,
        }
    }

    fn refer(&mut self, text: &AnswerText) {
        let action = Action::Refer {
            target: text.target.clone().unwrap_or_default(),
            text: self.filled(&text.text),
        };
        self.push(Who::Staff(self.scene.agent), Step::Act(action));
    }

    fn supply(&mut self, asked: &AnswerText) {
        let all = self.scene.corpus.all("supply");
        let fitting: Vec<&AnswerText> = all.iter().filter(|a| a.pair == asked.pair).collect();
        let plain = |a: &&&AnswerText| a.text.starts_with("Sudah saya lengkapi");
        let text = match asked.pair {
            Some(_) => self.chance.pick(&fitting).copied(),
            None => fitting.iter().find(plain).copied(),
        };
        let moment = hours::daytime_before(self.scene.received, &mut self.chance);
        let text = text.map(|text| self.scene.fill(&text.text, moment)).unwrap_or_default();
        self.push(Who::Citizen, Step::Act(Action::Complete { text }));
    }

    fn withdraw(&mut self) {
        let reason = self.words("withdraw_reason");
        self.push(Who::Citizen, Step::Act(Action::Withdraw { reason }));
    }

    fn verify(&mut self) {
        let agent = Who::Staff(self.scene.agent);
        if self.chance.of(0.04) && self.scene.known {
            self.push(agent, Step::Look);
            self.minutes(1, 5);
        }
        self.push(agent, Step::Act(Action::Verify));
        if self.chance.of(0.15) {
            let scene = &self.scene;
            let note = scene
                .corpus
                .general("verify_note", &mut self.chance, |note| scene.takes_note(&note.text));
            if let Some(note) = note {
                let note = self.filled(&note.text);
                self.minutes(1, 4);
                self.push(agent, Step::Write(Voice::Internal, note));
            }
        }
    }

    fn forward(&mut self, by: usize, used_as: &str) {
        let plain = self.scene.corpus.all(used_as).first().map(|text| text.text.clone());
        let note = match self.scene.corpus.choose(used_as, self.scene.text, &mut self.chance) {
            Some(note) if self.scene.takes_note(&note.text) => self.filled(&note.text),
            _ => plain.unwrap_or_default(),
        };
        let action =
            Action::Forward { unit: self.scene.unit, instruction: note, agreed_days: None };
        self.push(Who::Staff(by), Step::Act(action));
    }

    fn send_back(&mut self, times: u8, waits: bool) {
        for time in 1..=times {
            self.wait(5.0);
            self.office();
            let last = time == times && waits;
            let reason = self.scene.return_reason(time, last, &mut self.chance);
            self.push(Who::Staff(self.scene.officer), Step::Act(Action::Return { reason }));
            if last {
                return;
            }
            self.wait(4.0);
            self.awake();
            let by = if time >= 3 { self.scene.supervisor } else { self.scene.agent };
            self.forward(by, "forward_note");
        }
    }

    /// The unit's part, up to the answer.
    fn work(&mut self, course: Course, answered_by: Timestamp) {
        let officer = Who::Staff(self.scene.officer);
        self.minutes(10, 90);
        if self.chance.of(0.85) || course == Course::Stuck {
            self.awake();
            self.push(officer, Step::Act(Action::Accept));
            self.minutes(1, 3);
            self.push(officer, Step::Take);
        }
        let first = answered_by.max(self.at.plus(15 * Timestamp::MINUTE));
        let quick = course == Course::Usual && self.chance.of(0.52);
        if self.chance.of(0.05) {
            self.minutes(20, 300);
            self.citizen_asks();
        }
        self.at = first.max(self.at);
        self.awake();
        if !quick && (course != Course::Stuck || self.chance.of(0.5)) {
            let text = self.words("progress");
            self.push(officer, Step::Act(Action::Progress { text }));
        }
        if self.chance.of(0.06) {
            self.minutes(30, 200);
            let note = self.words("internal");
            self.push(officer, Step::Write(Voice::Internal, note));
        }
        if course == Course::Stuck {
            if self.chance.of(0.4) {
                let draft = self.words("answer");
                self.push(officer, Step::Draft(draft));
            }
            return;
        }
        if !quick {
            let days = match course {
                Course::Slow => self.chance.span(16.0, 0.5).clamp(6.0, 60.0),
                _ => self.chance.span(2.2, 0.8).clamp(0.2, 13.0),
            };
            self.wait(24.0 * days);
            self.office();
        }
        let text = self.words("answer");
        self.push(officer, Step::Act(Action::Answer { text }));
    }

    fn citizen_asks(&mut self) {
        const ASKS: [&str; 4] = [
            "Permisi, bagaimana perkembangan laporan saya?",
            "Mohon info, kira-kira kapan ditindaklanjuti?",
            "Mau menambahkan, keadaannya masih sama sampai hari ini.",
            "Halo admin, apakah laporan ini sudah sampai ke dinas?",
        ];
        let text = self.chance.pick(&ASKS).copied().unwrap_or_default().to_owned();
        self.push(Who::Citizen, Step::Write(Voice::FromCitizen, text));
    }

    /// What the reporter makes of the answer.
    fn after_the_answer(&mut self, course: Course) {
        match course {
            Course::Reopened(waits) => return self.reopen(waits),
            Course::Objected(waits) => return self.object(waits),
            _ => {}
        }
        match self.chance.weighted(&[0.52, 0.06, 0.42]) {
            0 => self.confirm(course == Course::Slow),
            1 if self.scene.text.is_about_a_wrong() => self.reopen(false),
            _ => {}
        }
    }

    fn confirm(&mut self, late: bool) {
        let hours = self.chance.span(14.0, 1.2).clamp(0.3, 24.0 * 8.0);
        self.wait(hours);
        self.awake();
        if self.chance.of(0.4) && self.scene.text.is_about_a_wrong() {
            let thanks = self.words("thanks");
            self.push(Who::Citizen, Step::Write(Voice::FromCitizen, thanks));
            self.minutes(1, 3);
        }
        self.push(Who::Citizen, Step::Act(Action::Confirm));
        if self.chance.of(0.72) {
            self.minutes(1, 4);
            let weights =
                if late { [0.2, 0.25, 0.3, 0.2, 0.05] } else { [0.03, 0.06, 0.14, 0.32, 0.45] };
            let rating = self.chance.weighted(&weights) as i64 + 1;
            let comment = self.scene.comment(rating, &mut self.chance);
            self.push(Who::Citizen, Step::Act(Action::Rate { rating, comment }));
        }
    }

    fn reopen(&mut self, waits: bool) {
        // Some find out only after the silence has closed it.
        let hours = match self.chance.of(0.2) && !waits {
            true => 24.0 * self.chance.between(24, 30) as f64,
            false => self.chance.span(30.0, 0.8).clamp(2.0, 24.0 * 8.0),
        };
        self.wait(hours);
        self.awake();
        let reason = self.words("not_solved");
        self.push(Who::Citizen, Step::Act(Action::Reopen { reason }));
        if waits {
            return;
        }
        let days = self.chance.span(2.5, 0.7).clamp(0.3, 12.0);
        self.wait(24.0 * days);
        self.office();
        let text = self.words("second_answer");
        self.push(Who::Staff(self.scene.officer), Step::Act(Action::Answer { text }));
        if self.chance.of(0.6) {
            self.confirm(false);
        }
    }

    /// After ten working days of silence the case is closed; then comes the objection.
    fn object(&mut self, waits: bool) {
        let days = 24 + self.chance.between(0, 3);
        self.wait(24.0 * days as f64);
        self.awake();
        let first = self.scene.corpus.all("objection").first();
        let reason = first.map(|text| text.text.trim().to_owned()).unwrap_or_default();
        self.push(Who::Citizen, Step::Act(Action::Object { reason }));
        if waits {
            return;
        }
        let days = self.chance.span(4.0, 0.6).clamp(1.0, 11.0);
        self.wait(24.0 * days);
        self.office();
        let text = self.words("second_answer");
        self.push(Who::Staff(self.scene.supervisor), Step::Act(Action::Answer { text }));
    }

    fn words(&mut self, used_as: &str) -> String {
        let (corpus, report) = (self.scene.corpus, self.scene.text);
        let text = match used_as {
            // Nothing to go and see: the file is being read.
            "progress" if !report.is_about_a_wrong() => {
                corpus.all(used_as).iter().find(|text| text.text.starts_with("Berkas sudah"))
            }
            "thanks" | "not_solved" | "second_answer" if self.scene.is_singular() => {
                corpus.general(used_as, &mut self.chance, |_| true)
            }
            _ => corpus.choose(used_as, report, &mut self.chance),
        };
        text.map(|text| self.filled(&text.text)).unwrap_or_default()
    }

    /// Fills a text that is written now about work that was done a little before.
    fn filled(&mut self, text: &str) -> String {
        // Not before the crews set out, soon after seven.
        let since_seven = hours::local_minutes(self.at) - 430;
        let before = self.chance.between(20, since_seven.clamp(30, 300)) * Timestamp::MINUTE;
        let earliest = self.scene.received.plus(20 * Timestamp::MINUTE).min(self.at);
        self.scene.fill(text, self.at.plus(-before).max(earliest))
    }

    pub(super) fn push(&mut self, who: Who, step: Step) {
        self.steps.push(Planned { at: self.at, case: self.case, who, step });
    }

    fn wait(&mut self, hours: f64) {
        self.at = self.at.plus(hour_micros(hours).max(Timestamp::MINUTE));
    }

    fn minutes(&mut self, from: i64, to: i64) {
        let seconds = self.chance.between(from * 60, to * 60);
        self.at = self.at.plus(seconds * Timestamp::SECOND);
    }

    fn awake(&mut self) {
        self.at = self.hours.awake(self.at, &mut self.chance);
    }

    fn office(&mut self) {
        self.at = self.hours.office(self.at, &mut self.chance);
    }
}

fn hour_micros(hours: f64) -> i64 {
    (hours * Timestamp::HOUR as f64) as i64
}

/// Whether a report may be told this way without contradicting itself.
pub(super) fn fits(course: Course, report: &ReportText) -> bool {
    match course {
        Course::Archived | Course::Withdrawn | Course::Reopened(_) => report.is_about_a_wrong(),
        Course::Objected(_) | Course::Returned(..) => report.is_about_a_wrong(),
        Course::Asked | Course::Completed => report.is_about_a_wrong(),
        Course::Slow | Course::Stuck => report.kind != "appreciation",
        _ => true,
    }
}
