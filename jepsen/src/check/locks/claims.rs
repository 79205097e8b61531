//! Holds grants and what tokens were used for against one another.

use super::Lock;
use super::events::{Event, Grant, Told};

impl Lock<'_> {
    /// The first grant must have ended when the next one was made.
    pub(super) fn check_handover(&self, first: &Grant, next: &Grant, findings: &mut Vec<String>) {
        let of_first = || {
            let is_before = |event: &&&Event| event.revision < Some(next.token);
            self.events.iter().filter(|event| event.token == first.token).filter(is_before)
        };
        // Without an answer to it, nobody knows how long it was held.
        let is_open = of_first().any(|event| {
            matches!(event.told, Told::Released | Told::MayBeReleased | Told::MayBeRenewed)
        });
        let renewals = of_first().filter_map(|event| match event.told {
            Told::Renewed { expires_ms } => Some((event.revision, expires_ms)),
            _ => None,
        });
        let last_renewal = renewals.max_by_key(|(revision, _)| *revision);
        let expires_ms = last_renewal.map_or(first.expires_ms, |(_, expires_ms)| expires_ms);
        let granted_ms = next.expires_ms.map(|expires_ms| expires_ms.saturating_sub(next.ttl_ms));
        if let (false, Some(expires_ms), Some(granted_ms)) = (is_open, expires_ms, granted_ms)
            && granted_ms < expires_ms
        {
            findings.push(format!(
                "line {}: granted with token {} at {granted_ms} ms, while the holder of token {} \
                 (line {}) had it until {expires_ms} ms",
                next.line, next.token, first.token, first.line
            ));
        }
    }

    pub(super) fn check_event(&self, event: &Event, findings: &mut Vec<String>) {
        let Some(revision) = event.revision else { return };
        let problem = match event.told {
            Told::Held => self.why_not_held(revision),
            Told::Free => self.why_held(revision),
            Told::Stale => self.why_not_stale(event.token, revision),
            Told::Holder | Told::Renewed { .. } | Told::Released | Told::Fenced { .. } => {
                self.why_stale(event, revision)
            }
            Told::MayBeGranted | Told::MayBeReleased | Told::MayBeRenewed => None,
        };
        let what = match event.told {
            Told::Renewed { .. } => "renewed",
            Told::Released => "released",
            Told::Fenced { .. } => "a write passed",
            Told::Holder => "told as the holder's",
            Told::Stale => "called stale",
            Told::Free => "told to be free",
            _ => "told to be held",
        };
        if let Some(problem) = problem {
            let token = match event.told {
                Told::Held | Told::Free => String::new(),
                _ => format!(" with token {}", event.token),
            };
            findings.push(format!(
                "line {}: {what}{token} at revision {revision}, but {problem}",
                event.line
            ));
        }
    }

    /// Why a token that passed as good was none.
    fn why_stale(&self, event: &Event, revision: u64) -> Option<String> {
        let token = event.token;
        if token > revision {
            return Some("that is granted later, if ever".to_string());
        }
        // What changes nothing reflects what its revision has made.
        let sees_own = match event.told {
            Told::Fenced { has_effect } => !has_effect,
            Told::Holder => true,
            _ => false,
        };
        let is_before = |other: u64| other < revision || (sees_own && other == revision);
        let later = self.grants.iter().rev().find(|grant| is_before(grant.token));
        if let Some(later) = later.filter(|grant| grant.token > token) {
            return Some(format!("token {} was granted before (line {})", later.token, later.line));
        }
        let released = self.events.iter().find(|other| {
            other.told == Told::Released
                && other.token == token
                && other.line != event.line
                && other.revision.is_some_and(is_before)
        });
        if let Some(released) = released {
            return Some(format!("it was released before (line {})", released.line));
        }
        let is_granted = self.grants.iter().any(|grant| grant.token == token);
        let may_be = self.events.iter().any(|other| other.told == Told::MayBeGranted);
        match is_granted || may_be {
            true => None,
            false => Some("nobody was granted that".to_string()),
        }
    }

    /// Why somebody had the lock: the last token was good later.
    fn why_held(&self, revision: u64) -> Option<String> {
        let last = self.grants.iter().rev().find(|grant| grant.token <= revision)?;
        let why = self.why_not_stale(last.token, revision)?;
        Some(format!("token {} was granted on line {}, and {why}", last.token, last.line))
    }

    /// Why a token that was called stale was good: it was so later.
    fn why_not_stale(&self, token: u64, revision: u64) -> Option<String> {
        let later = self.events.iter().find(|other| {
            other.token == token
                && (other.told.is_success() || other.told == Told::Holder)
                && other.revision > Some(revision)
        })?;
        Some(format!("it was good later (line {})", later.line))
    }

    /// Why nobody had the lock: there was no grant, or the last one was released.
    fn why_not_held(&self, revision: u64) -> Option<String> {
        if self.events.iter().any(|other| other.told == Told::MayBeGranted) {
            return None;
        }
        let Some(last) = self.grants.iter().rev().find(|grant| grant.token <= revision) else {
            return Some("it was never granted before".to_string());
        };
        let released = self.events.iter().find(|other| {
            other.told == Told::Released
                && other.token == last.token
                && other.revision.is_some_and(|released| released <= revision)
        })?;
        Some(format!("it was released before (line {})", released.line))
    }
}
