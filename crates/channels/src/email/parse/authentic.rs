//! What a mail system found out about a letter's sender: `Authentication-Results` (RFC 8601).
//!
//! Anybody can write such a field, so each is kept with the name of the system that says so, and
//! only those of a system that is trusted count. Which one that is, the operator knows.

use super::headers::Headers;

/// Fields of one letter that are read at most.
const FIELDS_MAX: usize = 20;

/// What one mail system says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authentication {
    /// The system's name (authserv-id), lower case.
    pub server: String,
    /// May the sending machine send for the envelope's domain?
    pub spf: Option<Verdict>,
    /// Is there a good signature?
    pub dkim: Option<Verdict>,
    /// Does one of both fit the domain of `From`?
    pub dmarc: Option<Verdict>,
}

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold: somebody else wrote it, or it was changed on its way.
    Fail,
    /// Nothing is said: no record, no signature, an error on the way.
    None,
}

impl Authentication {
    /// Whether the sender is not who `From` says: DMARC decides; where the domain has none, a
    /// failed SPF that no signature makes good.
    #[must_use]
    pub fn is_forged(&self) -> bool {
        match self.dmarc {
            Some(Verdict::Fail) => true,
            Some(Verdict::Pass) => false,
            Some(Verdict::None) | None => {
                self.dkim != Some(Verdict::Pass)
                    && (self.spf == Some(Verdict::Fail) || self.dkim == Some(Verdict::Fail))
            }
        }
    }
}

/// Every field of a letter, the one added last first.
pub(super) fn read(headers: &Headers) -> Vec<Authentication> {
    headers.all("authentication-results").take(FIELDS_MAX).filter_map(field).collect()
}

fn field(text: &str) -> Option<Authentication> {
    let plain = without_comments(text);
    let mut parts = plain.split(';');
    let server = parts.next()?.split_whitespace().next()?.to_lowercase();
    let mut found = Authentication { server, ..Authentication::default() };
    for part in parts {
        let mut words = part.split_whitespace();
        let Some((method, result)) = words.next().and_then(|word| word.split_once('=')) else {
            continue;
        };
        let verdict = match result.trim().to_ascii_lowercase().as_str() {
            "pass" => Verdict::Pass,
            // A soft failure is what most domains publish for machines that are not theirs.
            "fail" | "softfail" | "hardfail" | "policy" => Verdict::Fail,
            _ => Verdict::None,
        };
        let slot = match method.split('/').next().unwrap_or_default().to_ascii_lowercase().as_str()
        {
            "spf" => &mut found.spf,
            "dkim" => &mut found.dkim,
            "dmarc" => &mut found.dmarc,
            _ => continue,
        };
        // One good signature among several is enough.
        if *slot != Some(Verdict::Pass) {
            *slot = Some(verdict);
        }
    }
    Some(found)
}

/// The field without what stands in parentheses and in quotes, where a `;` separates nothing.
fn without_comments(text: &str) -> String {
    let (mut out, mut depth, mut quoted) = (String::with_capacity(text.len()), 0_usize, false);
    for c in text.chars() {
        match c {
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 && !quoted => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn results_are_read_with_who_says_so() {
        for (text, spf, dkim, dmarc, forged) in [
            (
                "MX.contoh.id 1; spf=pass (a; b) smtp.mailfrom=a@b.id; dkim=fail; dkim=pass \
                 header.d=b.id; dmarc=pass header.from=b.id",
                Some(Verdict::Pass),
                Some(Verdict::Pass),
                Some(Verdict::Pass),
                false,
            ),
            (
                "mx.contoh.id; spf=softfail; dkim=none; dmarc=fail (p=reject \"x;y\")",
                Some(Verdict::Fail),
                Some(Verdict::None),
                Some(Verdict::Fail),
                true,
            ),
            ("mx.contoh.id; spf=fail", Some(Verdict::Fail), None, None, true),
            (
                "mx.contoh.id; spf=fail; dkim=pass",
                Some(Verdict::Fail),
                Some(Verdict::Pass),
                None,
                false,
            ),
            ("mx.contoh.id; none", None, None, None, false),
        ] {
            let raw = format!("Authentication-Results: {text}\nFrom: a@b.id\n\nhalo\n");
            let found = parse(raw.as_bytes()).authentication;
            let server = "mx.contoh.id".to_owned();
            assert_eq!(found, [Authentication { server, spf, dkim, dmarc }], "{text}");
            assert_eq!(found[0].is_forged(), forged, "{text}");
        }
    }
}
