//! The law as data: its figures, who may change them, and that no open case is without a clock.

use std::collections::BTreeSet;

use jiff::civil::date;
use proptest::prelude::*;
use tanggap_calendar::profile::Problem;
use tanggap_calendar::{Event, Expiry, Kind, Owner, Profile, ProfileError, Unit, profile_for};

use crate::support::{government, morning};

const COMPLAINT: &str = include_str!("../../../../law/profiles/complaint.2.toml");

fn complaint() -> &'static Profile {
    profile_for(Kind::Complaint, date(2026, 3, 13))
}

fn problems(text: &str) -> Vec<Problem> {
    match Profile::from_toml(text) {
        Err(ProfileError::Invalid(problems)) => problems,
        other => panic!("expected problems, got {other:?}"),
    }
}

/// An agency's own profile made from ours by replacing words.
fn agency(changes: &[(&str, &str)]) -> String {
    let own = COMPLAINT.replace("id = \"complaint\"", "id = \"pengaduan-kabupaten\"");
    changes.iter().fold(own, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn each_kind_has_a_profile_with_its_official_code() {
    let codes = [
        "PENGADUAN_TBP",
        "PENGADUAN_BP",
        "PERMINTAAN_INFORMASI",
        "ASPIRASI",
        "APRESIASI",
        "LAYANAN",
    ];
    for (&kind, code) in Kind::ALL.iter().zip(codes) {
        let profile = profile_for(kind, date(2026, 11, 22));
        assert_eq!((profile.kind, profile.code.as_str()), (kind, code));
        assert_eq!(profile.problems(), []);
        assert_eq!(Profile::by_key(&profile.key()), Some(profile));
        assert_eq!(profile_for(kind, date(2010, 1, 1)).kind, kind, "before all versions");
    }
    let keys: BTreeSet<String> = Profile::embedded().iter().map(Profile::key).collect();
    assert_eq!(keys.len(), Profile::embedded().len());
}

#[test]
fn the_figures_are_those_of_the_rules() {
    use Owner::{Agency, Citizen};
    use Unit::{CalendarDay, WorkingDay};
    for (policy, owner, limit, unit) in [
        ("SP4N_VERIFY", Agency, 3, WorkingDay),
        ("SP4N_FIRST_ACTION", Agency, 5, WorkingDay),
        ("SP4N_INFO", Agency, 5, WorkingDay),
        ("SP4N_TBP", Agency, 14, WorkingDay),
        ("SP4N_BP", Agency, 60, WorkingDay),
        ("SP4N_ASPIRATION", Agency, 14, WorkingDay),
        ("APPRECIATION", Agency, 5, WorkingDay),
        ("SERVICE_REQUEST", Agency, 5, WorkingDay),
        ("SP4N_AUTOCLOSE", Citizen, 10, WorkingDay),
        ("YANLIK_FILE", Citizen, 30, CalendarDay),
        ("YANLIK_ACK", Agency, 14, CalendarDay),
        ("YANLIK_COMPLETE", Citizen, 30, CalendarDay),
        ("YANLIK_DECIDE", Agency, 60, CalendarDay),
        ("YANLIK_NOTIFY", Agency, 14, CalendarDay),
    ] {
        let found: Vec<_> =
            Profile::embedded().iter().filter_map(|profile| profile.deadline(policy)).collect();
        assert!(!found.is_empty(), "{policy}");
        for deadline in found {
            assert_eq!((deadline.owner, deadline.limit, deadline.unit), (owner, limit, unit));
            assert_eq!(deadline.roll_forward, owner == Citizen, "{policy}");
            assert_eq!(deadline.statutory, policy.starts_with("YANLIK"), "{policy}");
        }
    }
}

/// The three working days include forwarding; what began under the first version keeps that one.
#[test]
fn a_report_is_verified_only_when_it_is_with_a_unit() {
    for (&kind, day) in Kind::ALL.iter().zip([date(2023, 1, 2), date(2026, 11, 23)].iter().cycle())
    {
        let now = profile_for(kind, *day);
        let before = Profile::by_key(&format!("{}@1", now.id)).unwrap();
        let ends = |profile: &'static Profile| &profile.deadline("SP4N_VERIFY").unwrap().ends_on;
        assert_eq!(ends(now)[..], [Event::Forwarded, Event::Answered], "{kind}");
        assert_eq!(ends(before)[..], [Event::Verified], "{kind}");
        for end in [Event::Referred, Event::Duplicate, Event::Archived, Event::Lapsed] {
            assert!(now.deadline("SP4N_VERIFY").unwrap().is_ended_by(end), "{kind} {end}");
        }
    }
}

#[test]
fn every_kind_lapses_closes_and_reopens_alike() {
    for profile in Profile::embedded() {
        let lapse = profile.lapse().unwrap();
        assert_eq!((lapse.limit, lapse.unit), (30, Unit::CalendarDay));
        let close = profile.auto_close().unwrap();
        assert_eq!((close.limit, close.unit), (10, Unit::WorkingDay));
        assert_eq!((profile.reopen.times, profile.reopen.within), (1, 30));
        assert!(profile.receipt);
    }
    let closed = morning(&government(), date(2026, 4, 10));
    let until = complaint().reopen.term().unwrap().due(&government(), closed).unwrap();
    assert_eq!(until.due_date, date(2026, 5, 11), "Sunday 10 May is forgiven");
}

#[test]
fn staff_are_not_addressed_as_the_reporter() {
    let speaks = |text: &tanggap_calendar::Text| {
        let english = text.en.to_lowercase();
        let words: Vec<&str> = english.split(|c: char| !c.is_alphabetic()).collect();
        text.id.contains("Anda") || words.iter().any(|word| matches!(*word, "you" | "your"))
    };
    let mut told_apart = 0;
    for deadline in Profile::embedded().iter().flat_map(|profile| &profile.deadlines) {
        assert!(!speaks(deadline.for_staff()), "{}", deadline.policy);
        assert!(!speaks(&deadline.consequence), "{}: both read it", deadline.policy);
        assert_eq!(speaks(&deadline.label), deadline.label_staff.is_some(), "{}", deadline.policy);
        told_apart += usize::from(deadline.label_staff.is_some());
    }
    assert!(told_apart > 6, "{told_apart}");
}

#[test]
fn a_source_may_have_one_wording_for_both_languages() {
    let both = "source.id = \"SP4N-LAPOR!: verifikasi dan penerusan paling lambat 3 hari kerja\"\n\
        source.en = \"SP4N-LAPOR!: verified and forwarded within 3 working days\"\n";
    let own = Profile::from_toml(&agency(&[(both, "source = \"SK Bupati 1/2026\"\n")])).unwrap();
    let source = &own.deadline("SP4N_VERIFY").unwrap().source;
    assert_eq!((source.id.as_str(), source.en.as_str()), ("SK Bupati 1/2026", "SK Bupati 1/2026"));
    let wrong = agency(&[(both, "source = 7\n")]);
    let refusal = Profile::from_toml(&wrong).unwrap_err().to_string();
    assert!(refusal.contains("expected a text"), "{refusal}");
}

#[test]
fn both_regimes_run_on_one_complaint() {
    let (calendar, received) = (government(), date(2026, 3, 13));
    let mut clocks: Vec<(String, String)> = complaint()
        .started_by(Event::Received)
        .map(|deadline| {
            let due = deadline.term().unwrap().due(&calendar, morning(&calendar, received));
            (due.unwrap().due_date.to_string(), deadline.policy.to_string())
        })
        .collect();
    clocks.sort();
    let clocks: Vec<_> =
        clocks.iter().map(|(due, policy)| (due.as_str(), policy.as_str())).collect();
    assert_eq!(
        clocks,
        [("2026-03-25", "SP4N_VERIFY"), ("2026-03-27", "YANLIK_ACK"), ("2026-04-10", "SP4N_TBP")]
    );
}

#[test]
fn an_agency_can_be_stricter() {
    let mild = agency(&[
        ("policy = \"SP4N_TBP\"", "policy = \"RINGAN\""),
        ("limit = 14", "limit = 2"),
        ("limit = 60", "limit = 45"),
    ]);
    let own = Profile::from_toml(&mild).unwrap();
    assert_eq!(own.check_override(complaint()), Ok(()));
    assert_eq!(own.key(), "pengaduan-kabupaten@2");
    let again = Profile::from_json(&serde_json::to_string(&own).unwrap()).unwrap();
    assert_eq!(own, again, "JSON carries the same");
}

#[test]
fn an_agency_cannot_be_laxer_than_the_law() {
    let laxer = |changes| {
        let own = Profile::from_toml(&agency(changes)).unwrap();
        own.check_override(complaint()).unwrap_err().to_string()
    };
    let refusal = laxer(&[("limit = 60", "limit = 61")]);
    assert!(refusal.starts_with("YANLIK_DECIDE: the law sets"), "{refusal}");
    assert!(laxer(&[("limit = 30", "limit = 29")]).contains("YANLIK_COMPLETE"));
    assert!(laxer(&[("\"YANLIK_NOTIFY\"", "\"LATER\"")]).contains("YANLIK_NOTIFY"));
    let easier = "ends_on = [\"verified\", \"incomplete\", \"forwarded\"]";
    let refusal = laxer(&[("ends_on = [\"verified\", \"incomplete\"]", easier)]);
    assert!(refusal.contains("YANLIK_ACK"), "{refusal}");

    let taken = Profile::from_toml(COMPLAINT).unwrap().check_override(complaint()).unwrap_err();
    assert_eq!(taken, ProfileError::Invalid(vec![Problem::Taken("complaint@2".into())]));
    let other = profile_for(Kind::Aspiration, date(2026, 1, 1));
    let refusal = Profile::from_toml(&agency(&[])).unwrap().check_override(other).unwrap_err();
    assert_eq!(refusal, ProfileError::Invalid(vec![Problem::OtherKind(Kind::Aspiration)]));
}

#[test]
fn what_cannot_be_read_names_its_place() {
    for (from, to, said) in [
        ("limit = 14", "limit = \"dua\"", "limit = \"dua\""),
        ("unit = \"working_day\"", "unit = \"week\"", "unknown variant `week`"),
        ("[\"received\"]", "[\"recieved\"]", "unknown variant `recieved`"),
        ("receipt = true", "reciept = true", "unknown field `reciept`"),
        ("\"SP4N_VERIFY\"", "\"verify!\"", "verify!"),
        ("version = 2", "version = -2", "version = -2"),
    ] {
        let error = Profile::from_toml(&agency(&[(from, to)])).unwrap_err();
        assert!(
            matches!(&error, ProfileError::Syntax(message) if message.contains(said)),
            "{error}"
        );
    }
    assert!(matches!(Profile::from_json("{"), Err(ProfileError::Syntax(_))));
}

#[test]
fn all_problems_are_told_at_once() {
    let broken = agency(&[
        ("pengaduan-kabupaten", "Pengaduan Kabupaten"),
        ("version = 2", "version = 0"),
        ("limit = 3", "limit = 0"),
        ("limit = 14", "limit = 4000"),
        ("on_expiry = \"lapse\"", "on_expiry = \"note\""),
        ("ends_on = [\"forwarded\", \"answered\"]", "ends_on = [\"received\"]"),
    ]);
    let problems = problems(&broken);
    assert_eq!(
        problems.iter().map(Problem::to_string).collect::<Vec<_>>(),
        [
            "id: \"Pengaduan Kabupaten\" is not made of lower-case letters, digits and hyphens",
            "version: must be 1 or more",
            "SP4N_VERIFY: a limit of 0 in working_day (with extensions) is not within 1 to 3660",
            "SP4N_VERIFY: received both starts and meets it",
            "SP4N_TBP: a limit of 4000 in working_day (with extensions) is not within 1 to 3660",
            "deadlines: exactly one must Lapse, there are 0",
        ]
    );
}

#[test]
fn a_profile_that_could_leave_a_case_without_a_clock_is_refused() {
    let reopened = agency(&[("[\"received\", \"reopened\"]", "[\"received\"]")]);
    assert_eq!(problems(&reopened), [Problem::NoClock(Event::Reopened)]);
    let objected = agency(&[("[\"objected\"]", "[\"decided\"]")]);
    assert_eq!(problems(&objected), [Problem::NoClock(Event::Objected)]);
    let silent = agency(&[("[\"answered\", \"reporter_replied\"]", "[\"reporter_replied\"]")]);
    assert_eq!(problems(&silent), [Problem::NoClock(Event::Answered)]);
}

#[test]
fn extensions_are_granted_as_often_as_allowed() {
    let extendable = agency(&[("on_expiry", "extension = { limit = 7, times = 1 }\non_expiry")]);
    let own = Profile::from_toml(&extendable).unwrap();
    let units = |times| own.deadlines[0].extended_term(times).unwrap().units();
    assert_eq!([0, 1, 2].map(units), [3, 10, 10]);
}

/// The moves that the program allows, as far as clocks are concerned.
fn moves(last: Event, closed_before: bool) -> &'static [Event] {
    use Event::*;
    match last {
        Received | Completed => &[Incomplete, Verified, Referred, Duplicate, Archived],
        Incomplete => &[Completed, Lapsed],
        Verified | Returned => &[Forwarded],
        Forwarded => &[Returned, FirstAction, Answered],
        FirstAction | Reopened => &[Returned, Decided, Answered],
        Decided => &[Notified, Answered],
        Notified => &[Answered],
        Answered | ReporterReplied => &[ReporterReplied, Confirmed, Reopened],
        Confirmed => &[Closed],
        Closed if closed_before => &[Objected],
        Closed => &[Reopened, Objected],
        Objected => &[ObjectionAnswered, Reopened],
        _ => &[],
    }
}

proptest! {
    #[test]
    fn an_open_case_always_has_a_running_deadline(
        kind in 0..Kind::ALL.len(),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 60),
    ) {
        let profile = profile_for(Kind::ALL[kind], date(2026, 1, 1));
        let mut running: BTreeSet<&str> = BTreeSet::new();
        let (mut last, mut paused, mut closed_before) = (Event::Received, false, false);
        for choice in choices {
            for ended in profile.ended_by(last) {
                running.remove(ended.policy.as_str());
            }
            running.extend(profile.started_by(last).map(|started| started.policy.as_str()));
            paused = last == Event::Incomplete || (paused && last != Event::Completed);

            let over = last.ends_case() || last == Event::Confirmed
                || last == Event::ObjectionAnswered;
            let ticking = running.iter().filter_map(|policy| profile.deadline(policy))
                .filter(|deadline| !(paused && deadline.pauses_on_incomplete))
                .filter(|deadline| deadline.on_expiry != Expiry::Note);
            prop_assert!(over || ticking.count() > 0, "nothing runs after {last}: {running:?}");
            prop_assert!(!last.ends_case() || running.is_empty(), "{running:?} after {last}");

            let next = moves(last, closed_before);
            if next.is_empty() {
                break;
            }
            closed_before |= last == Event::Closed;
            last = *choice.get(next);
        }
    }
}
