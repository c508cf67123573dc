//! All reports of the demo: when they come in, who writes them, which way each goes.

use std::collections::HashMap;

use tanggap_calendar::Kind;
use tanggap_kernel::{Timestamp, code};
use tanggap_ui::ctx::Secrets;

use super::PIN;
use super::agency::Cast;
use super::chance::Chance;
use super::corpus::{CategoryText, Corpus, QuestionText, ReportText};
use super::hours::{self, Hours};
use super::people::{Crowd, Person};
use super::pictures::Picture;
use super::scene::Scene;
use super::story::{self, Course, Planned, Step, Tale, Who};
use crate::model::Details;
use crate::report::{Report, Ticket, hash_pin};
use crate::rules::{Action, Voice};

/// Where supervisory complaints go, whatever their category.
const INSPECTORATE: &str = "inspektorat";
/// How many open cases each officer has at least.
const OPEN_EACH: usize = 4;
const HOUR: f64 = 1.0;
const DAY: f64 = 24.0;

/// What the demo shows on every day it is started: how many hours ago, which course, how often.
const STAGED: [(f64, f64, Course, usize); 15] = [
    (0.1 * HOUR, 5.0 * HOUR, Course::Fresh, 9),
    (3.0 * HOUR, 9.0 * HOUR, Course::Checked, 3),
    (2.0 * HOUR, 20.0 * HOUR, Course::Sent, 8),
    (1.0 * DAY, 20.0 * DAY, Course::Asked, 8),
    (34.0 * DAY, 90.0 * DAY, Course::Asked, 2),
    (1.5 * DAY, 5.0 * DAY, Course::Returned(1, true), 5),
    (6.0 * DAY, 10.0 * DAY, Course::Returned(3, true), 2),
    (5.0 * DAY, 20.0 * DAY, Course::Reopened(true), 6),
    (36.0 * DAY, 42.0 * DAY, Course::Objected(true), 3),
    (22.0 * DAY, 60.0 * DAY, Course::Stuck, 7),
    (16.2 * DAY, 18.8 * DAY, Course::Stuck, 10),
    (3.0 * DAY, 60.0 * DAY, Course::Referred, 2),
    (3.0 * DAY, 60.0 * DAY, Course::Archived, 2),
    (3.0 * DAY, 60.0 * DAY, Course::Withdrawn, 2),
    (30.0 * DAY, 90.0 * DAY, Course::Usual, 6),
];

/// What a plan is made from.
pub(super) struct Planner<'a> {
    pub(super) corpus: &'a Corpus,
    pub(super) cast: &'a Cast,
    pub(super) secrets: &'a Secrets,
    pub(super) pictures: &'a [Picture],
    pub(super) now: Timestamp,
    pub(super) chance: Chance,
    /// The unit and officer that the next case is for, where that is not left to chance.
    pub(super) wanted: Option<(String, usize)>,
}

/// One planned case.
struct Plan {
    course: Course,
    received: Timestamp,
    officer: usize,
    steps: Vec<Planned>,
}

/// The steps of about so many cases, in the order of time.
pub(super) fn plan(mut planner: Planner<'_>, cases: usize) -> Vec<Planned> {
    let hours = Hours::new();
    let (now, corpus) = (planner.now, planner.corpus);
    let mut arrivals: Vec<(Timestamp, Option<Course>)> = Vec::new();
    for (from, to, course, count) in STAGED {
        for _ in 0..count {
            let back = from + (to - from) * planner.chance.unit();
            arrivals.push((now.plus(-((back * Timestamp::HOUR as f64) as i64)), Some(course)));
        }
    }
    while arrivals.len() < cases {
        arrivals.push((hours.arrival(now, &mut planner.chance), None));
    }
    arrivals.sort_by_key(|(at, _)| *at);

    let mut crowd = Crowd::new(corpus);
    let mut plans: Vec<Plan> = Vec::with_capacity(cases);
    for (received, staged) in arrivals {
        let case = plans.len();
        let (plan, again) = planner.one(case, received, staged, &hours, &mut crowd);
        plans.push(plan);
        plans.extend(again);
    }
    let open = share_out(&mut plans, now);
    for (unit, officer) in idle(planner.cast, &open) {
        planner.wanted = Some((unit, officer));
        let back = planner.chance.between(18 * 60, 6 * 24 * 60) * Timestamp::MINUTE;
        let stuck = Some(Course::Stuck);
        plans.push(planner.one(plans.len(), now.plus(-back), stuck, &hours, &mut crowd).0);
    }
    let mut steps: Vec<Planned> = plans.into_iter().flat_map(|plan| plan.steps).collect();
    steps.retain(|step| step.at <= now);
    steps.sort_by_key(|step| step.at);
    steps
}

/// Leaves every officer something to do: some of the unit's recent cases are not answered yet, one
/// of them not even accepted. Where a unit has few cases, it is older ones.
fn share_out(plans: &mut [Plan], now: Timestamp) -> HashMap<usize, usize> {
    let mut open: HashMap<usize, usize> = HashMap::new();
    for days in [6, 9] {
        let recent = now.plus(-days * Timestamp::DAY);
        for plan in plans.iter_mut().rev().filter(|plan| plan.received > recent) {
            let count = open.entry(plan.officer).or_default();
            let taken = plan.steps.iter().position(|s| s.at <= now && begins_work(s));
            let Some(taken) = taken.filter(|_| plan.course == Course::Usual) else { continue };
            if *count >= OPEN_EACH {
                continue;
            }
            *count += 1;
            let answered = |s: &Planned| matches!(s.step, Step::Act(Action::Answer { .. }));
            let cut = match plan.steps.iter().position(answered) {
                Some(answered) if *count < OPEN_EACH => answered,
                _ => taken,
            };
            plan.steps.truncate(cut);
            plan.course = Course::Sent;
        }
    }
    open
}

/// Who has less to do than they should: their unit and they, once for each case that lacks.
fn idle(cast: &Cast, open: &HashMap<usize, usize>) -> Vec<(String, usize)> {
    let mut idle = Vec::new();
    for (unit, officers) in &cast.officers {
        for officer in officers {
            let lacks = OPEN_EACH.saturating_sub(1 + open.get(officer).copied().unwrap_or(0));
            idle.extend(std::iter::repeat_n((unit.clone(), *officer), lacks));
        }
    }
    idle.sort();
    idle
}

fn begins_work(step: &Planned) -> bool {
    matches!(step.step, Step::Act(Action::Accept))
}

impl<'a> Planner<'a> {
    /// One case, and the same report sent a second time where somebody does that.
    fn one(
        &mut self,
        case: usize,
        received: Timestamp,
        staged: Option<Course>,
        hours: &Hours,
        crowd: &mut Crowd<'_>,
    ) -> (Plan, Option<Plan>) {
        let (text, course) = self.text_and_course(received, staged);
        let person = crowd.next(&mut self.chance);
        let by_hand = ["phone", "counter", "letter"].contains(&person.channel.as_str());
        let received = match staged {
            None if by_hand => hours.office(received, &mut self.chance),
            _ => received,
        };
        let (scene, village_kind) = self.scene(text, &person, received);
        let officer = scene.officer;
        let by = if by_hand { Who::Staff(scene.agent) } else { Who::Citizen };
        let report = self.report(&scene, village_kind, &person, crowd);
        let again = self.again(case + 1, &report, &scene, course, hours);
        let chance = Chance::new(u64::from_le_bytes(self.chance.bytes()));
        let tale = Tale { scene, hours, chance, case, at: received, steps: Vec::new() };
        let steps = tale.tell(report, by, course);
        (Plan { course, received, officer, steps }, again)
    }

    /// What is reported, and which way it goes: chosen so that neither belies the other.
    fn text_and_course(
        &mut self,
        received: Timestamp,
        staged: Option<Course>,
    ) -> (&'a ReportText, Course) {
        let corpus = self.corpus;
        let near = received > self.now.plus(-20 * Timestamp::DAY);
        let shares: Vec<f64> = corpus
            .categories
            .iter()
            .map(|c| match &self.wanted {
                Some((unit, _)) if *unit != c.unit => 0.0,
                _ => c.share,
            })
            .collect();
        loop {
            let category = &corpus.categories[self.chance.weighted(&shares)];
            let texts: Vec<&ReportText> =
                corpus.reports.iter().filter(|r| r.category == category.slug).collect();
            let usual = |r: &&ReportText| if r.kind == category.kind { 1.0 } else { 0.6 };
            let weights: Vec<f64> = texts.iter().map(usual).collect();
            let Some(text) = texts.get(self.chance.weighted(&weights)).copied() else { continue };
            let elsewhere = corpus.suiting("outside_authority", text);
            let elsewhere = elsewhere.iter().any(|answer| answer.target.is_some());
            match staged {
                Some(Course::Referred) if !elsewhere => {}
                // Near its limit of fourteen working days, which complaints alone have.
                Some(Course::Stuck)
                    if near && self.wanted.is_none() && text.kind() != Kind::Complaint => {}
                Some(course) if story::fits(course, text) => return (text, course),
                Some(_) => {}
                None if elsewhere && self.chance.of(refer_share(text)) => {
                    return (text, Course::Referred);
                }
                None => {
                    let course = self.course(received);
                    let course = if story::fits(course, text) { course } else { Course::Usual };
                    return (text, course);
                }
            }
        }
    }

    fn course(&mut self, received: Timestamp) -> Course {
        let courses = [
            (80.0, Course::Usual),
            (3.2, Course::Slow),
            (2.0, Course::Asked),
            (5.0, Course::Completed),
            (1.2, Course::Archived),
            (1.8, Course::Withdrawn),
            (3.0, Course::Returned(1, false)),
            (0.8, Course::Returned(2, false)),
            (0.4, Course::Returned(3, false)),
            (0.6, Course::Objected(false)),
            (1.2, Course::Stuck),
        ];
        let course = courses[self.chance.weighted(&courses.map(|(weight, _)| weight))].1;
        // What is older than two months was answered in the end.
        let old = received < self.now.plus(-60 * Timestamp::DAY);
        if old && course == Course::Stuck { Course::Slow } else { course }
    }

    fn scene(
        &mut self,
        text: &'a ReportText,
        person: &Person,
        received: Timestamp,
    ) -> (Scene<'a>, &'a str) {
        let (corpus, cast) = (self.corpus, self.cast);
        let places = &corpus.places;
        let in_town = text.category == "kelurahan-kecamatan";
        let at = if in_town { 0 } else { person.kecamatan % places.kecamatan.len() };
        let mut kecamatan = &places.kecamatan[at];
        let rural = |village: &&super::corpus::Village| village.kind == "desa";
        if text.category == "desa" && !kecamatan.villages.iter().any(|v| rural(&v)) {
            kecamatan = &places.kecamatan[places.kecamatan.len() - 1];
        }
        let villages: Vec<_> =
            kecamatan.villages.iter().filter(|v| text.category != "desa" || rural(v)).collect();
        let village = villages[self.chance.below(villages.len())];
        let small = ["penerangan-jalan", "pohon", "sampah", "air-minum"];
        let lane = small.contains(&text.category.as_str()) && self.chance.of(0.3);
        let streets = if lane { &places.lanes } else { &places.streets };
        let street = self.chance.pick(streets).cloned().unwrap_or_default();
        let supervisory = text.kind() == Kind::SupervisoryComplaint;
        let anonymous = self.chance.of(if supervisory { 0.6 } else { 0.05 });
        let usual = corpus.category(&text.category).map_or(INSPECTORATE, |c| c.unit.as_str());
        let unit = if supervisory { INSPECTORATE } else { usual };
        let officers = cast.officers.get(unit).map_or(&[][..], Vec::as_slice);
        let mut any = |of: &[usize]| self.chance.pick(of).copied().unwrap_or_default();
        let scene = Scene {
            corpus,
            text,
            street,
            village: village.name.clone(),
            kecamatan: kecamatan.name.clone(),
            name: if anonymous { "Pelapor".to_owned() } else { person.name.clone() },
            agent: any(&cast.agents),
            officer: self.wanted.as_ref().map_or_else(|| any(officers), |wanted| wanted.1),
            supervisor: any(&cast.supervisors),
            known: !anonymous || self.chance.of(0.7),
            anonymous,
            has_photo: self.chance.of(0.2),
            received,
            unit: cast.units.get(unit).copied().unwrap_or(tanggap_kernel::id::UnitId(0)),
        };
        (scene, village.kind.as_str())
    }

    fn report(
        &mut self,
        scene: &Scene<'_>,
        village_kind: &str,
        person: &Person,
        crowd: &Crowd<'_>,
    ) -> Report {
        let text = scene.text;
        let moment = hours::daytime_before(scene.received, &mut self.chance);
        let named = Scene { name: person.name.clone(), ..scene.clone() };
        let title = named.fill(&text.title, moment);
        let story = named.fill(&text.text, moment);
        let mut report = Report::new(text.kind(), &title, &story, self.ticket());
        report.category = text.category.clone();
        report.channel = channel(&person.channel);
        report.reporter = scene
            .known
            .then(|| person.contact(&format!("{}, Kecamatan {}", scene.village, scene.kecamatan)));
        let proxy = ["status-kesejahteraan", "perlindungan-sosial", "bansos", "jaminan-kesehatan"];
        let often = if proxy.contains(&text.category.as_str()) { 0.09 } else { 0.008 };
        report.proxy_for =
            (scene.known && self.chance.of(often)).then(|| crowd.other(&mut self.chance));
        report.anonymous = scene.anonymous;
        report.confidential =
            self.chance.of(if text.kind() == Kind::SupervisoryComplaint { 0.7 } else { 0.03 });
        let with_street = self.corpus.names_a_street(&text.category)
            || text.text.contains("{jalan}")
            || text.title.contains("{jalan}");
        report.place = scene.place(village_kind, with_street);
        report.reported_unit =
            text.about.as_ref().and_then(|unit| self.cast.units.get(unit)).copied();
        report.unproven = report.channel == "web" && self.chance.of(0.02);
        report.details = self.details(text, moment);
        if scene.has_photo && ["web", "whatsapp"].contains(&report.channel) {
            let fitting: Vec<&Picture> = self
                .pictures
                .iter()
                .filter(|p| p.category == text.category && text.is_about_a_wrong())
                .collect();
            report.attachments.extend(self.chance.pick(&fitting).map(|p| p.file.clone()));
        }
        report
    }

    fn ticket(&mut self) -> Ticket {
        let code = code::from_random(self.chance.bytes());
        let pin_hash = hash_pin(self.secrets, &code, PIN);
        Ticket { code, pin: PIN.to_owned(), pin_hash }
    }

    fn details(&mut self, text: &ReportText, moment: Timestamp) -> Details {
        let mut details = Details::default();
        if text.kind() == Kind::Complaint {
            details.service_date = self.chance.of(0.4).then(|| hours::iso_date(moment));
            if self.chance.of(0.35) {
                let wish = self.corpus.general("wish", &mut self.chance, |_| true);
                details.wish = wish.map(|wish| wish.text.clone()).unwrap_or_default();
            }
        }
        let questions = self.corpus.category(&text.category).map_or(&[][..], questions);
        for question in questions {
            if let Some(answer) = self.reply(question, text, moment) {
                details.answers.push((question.label_id.clone(), answer));
            }
        }
        details
    }

    /// What somebody fills in: only what the story says or cannot belie.
    fn reply(
        &mut self,
        question: &QuestionText,
        text: &ReportText,
        moment: Timestamp,
    ) -> Option<String> {
        let story = format!("{} {}", text.title, text.text).to_lowercase();
        match (question.kind.as_str(), question.key.as_str()) {
            ("choice", _) => question.choices_id.iter().find(|c| is_told(c, &story)).cloned(),
            ("date", _) => story.contains("{tanggal}").then(|| hours::iso_date(moment)),
            ("number", "anggota") => {
                (!story.contains("anak")).then(|| self.chance.between(2, 5).to_string())
            }
            _ => None,
        }
    }

    /// The same person sends the same report a second time, by another way.
    fn again(
        &mut self,
        case: usize,
        first: &Report,
        scene: &Scene<'_>,
        course: Course,
        hours: &Hours,
    ) -> Option<Plan> {
        if !scene.known || course != Course::Usual || !self.chance.of(0.027) {
            return None;
        }
        let received = scene.received.plus(self.chance.between(30, 1600) * Timestamp::MINUTE);
        let mut second = Report { ticket: self.ticket(), attachments: Vec::new(), ..first.clone() };
        second.channel = if first.channel == "web" { "whatsapp" } else { "web" };
        let agent = Who::Staff(scene.agent);
        let noticed = received.plus(self.chance.between(20, 400) * Timestamp::MINUTE);
        let noticed = hours.awake(noticed, &mut self.chance);
        let note = self.corpus.general("duplicate_note", &mut self.chance, |note| {
            note.text.contains("Pelapor yang sama")
        });
        let note = note.map(|note| note.text.trim().to_owned()).unwrap_or_default();
        let of = first.ticket.code.clone();
        let step = |at, who, step| Planned { at, case, who, step };
        let steps = vec![
            step(received, Who::Citizen, Step::Open(Box::new(second))),
            step(noticed, agent, Step::Write(Voice::Internal, note)),
            step(noticed.plus(Timestamp::MINUTE), agent, Step::Act(Action::Duplicate { of })),
        ];
        Some(Plan { course: Course::Archived, received, officer: scene.officer, steps })
    }
}

/// How often a report that could be another authority's is.
fn refer_share(text: &ReportText) -> f64 {
    match text.kind.as_str() {
        _ if text.category == "umum" => 0.95,
        "complaint" => 0.07,
        _ => 0.0,
    }
}

fn questions(category: &CategoryText) -> &[QuestionText] {
    &category.questions
}

/// Whether a story has one of a choice's longer words.
fn is_told(choice: &str, story: &str) -> bool {
    let choice = choice.to_lowercase();
    let mut words = choice.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3);
    let told = |word: &str| story.split(|c: char| !c.is_alphanumeric()).any(|w| w == word);
    words.clone().next().is_some() && words.all(told)
}

fn channel(word: &str) -> &'static str {
    match word {
        "whatsapp" => "whatsapp",
        "phone" => "phone",
        "email" => "email",
        "counter" => "counter",
        "letter" => "letter",
        "sms" => "sms",
        _ => "web",
    }
}
