//! What is done about slow consumers, as it is named on the command line.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use dmashare::stream::Overflow;
use dmashare::stream::Policy;

/// `mailbox`, or what happens to a frame that is one too many, and how many wait: `block:2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stream) struct PolicyName {
    depth: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    DropOldest,
    DropNewest,
    Block,
    Disconnect,
}

/// As many as a consumer can hold.
const DEEPEST: usize = 64;

impl Kind {
    const ALL: [(&'static str, Self); 4] = [
        ("drop-oldest", Self::DropOldest),
        ("drop-newest", Self::DropNewest),
        ("block", Self::Block),
        ("disconnect", Self::Disconnect),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl PolicyName {
    /// The policy of a producer that is patient for so long with a consumer that holds everybody up.
    pub(in crate::stream) fn policy(self, patience: Duration) -> Policy {
        let patience_ns = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
        let overflow = match self.kind {
            Kind::DropOldest => Overflow::DropOldest,
            Kind::DropNewest => Overflow::DropNewest,
            Kind::Block => Overflow::Block { deadline_ns: patience_ns },
            Kind::Disconnect => Overflow::Disconnect,
        };
        Policy::fifo(self.depth, overflow).with_hold_limit_ns(patience_ns)
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { depth: 1, kind: Kind::DropOldest } => f.write_str("mailbox"),
            Self { depth, kind } => write!(f, "{}:{depth}", kind.name()),
        }
    }
}

/// The text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no policy: expected mailbox, drop-oldest:N, drop-newest:N, block:N or \
     disconnect:N, with N frames from 1 to {DEEPEST} that wait for a consumer"
)]
pub(in crate::stream) struct ParsePolicyError {
    text: String,
}

impl FromStr for PolicyName {
    type Err = ParsePolicyError;

    fn from_str(text: &str) -> Result<Self, ParsePolicyError> {
        if text == "mailbox" {
            return Ok(Self { depth: 1, kind: Kind::DropOldest });
        }
        let parsed = text.split_once(':').and_then(|(name, depth)| {
            let (_, kind) = Kind::ALL.into_iter().find(|(known, _)| *known == name)?;
            let depth = depth.parse().ok().filter(|depth| (1..=DEEPEST).contains(depth))?;
            Some(Self { depth, kind })
        });
        parsed.ok_or_else(|| ParsePolicyError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_back() {
        for text in ["mailbox", "drop-oldest:4", "drop-newest:1", "block:64", "disconnect:3"] {
            assert_eq!(text.parse::<PolicyName>().unwrap().to_string(), text);
        }
        assert_eq!("drop-oldest:1".parse::<PolicyName>(), "mailbox".parse());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "block", "block:0", "block:65", "block:-1", "mailbox:1", "drop:1", "Block:1"]
        {
            assert!(text.parse::<PolicyName>().is_err(), "{text}");
        }
    }

    #[test]
    fn policy_has_the_patience_it_was_given() {
        let name: PolicyName = "block:2".parse().unwrap();
        let policy = name.policy(Duration::from_millis(5));
        assert_eq!((policy.depth(), policy.hold_limit_ns()), (2, 5_000_000));
        assert_eq!(policy.overflow(), Overflow::Block { deadline_ns: 5_000_000 });
        assert_eq!(
            "mailbox".parse::<PolicyName>().unwrap().policy(Duration::from_secs(1)),
            Policy::mailbox()
        );
    }
}
