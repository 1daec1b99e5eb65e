//! The last message of a connection.

use std::fmt;

use crate::stream::wire::Field;
use crate::stream::wire::Kind;
use crate::stream::wire::MAX_TEXT_BYTES;
use crate::stream::wire::Malformed;
use crate::stream::wire::bytes::Reader;
use crate::stream::wire::bytes::Writer;

const GOODBYE_BYTES: usize = 24;

/// The last message: nothing follows it, and nothing that arrives after it is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Goodbye {
    /// Why.
    pub reason: Reason,
    /// What a person should know. A peer wrote it: it is printable, and need not be true.
    pub text: Text,
}

impl Goodbye {
    pub(in crate::stream::wire) fn encode(&self, datagram: &mut Vec<u8>) {
        let text = self.text.as_str().as_bytes();
        let length_bytes = GOODBYE_BYTES.saturating_add(text.len());
        let mut writer = Writer::new(datagram, Kind::Goodbye, length_bytes);
        writer.u16(self.reason.code());
        writer.u16(u16::try_from(text.len()).unwrap_or(u16::MAX));
        writer.bytes(&[0; 4]);
        writer.bytes(text);
    }

    pub(in crate::stream::wire) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.expect_at_least(GOODBYE_BYTES)?;
        let reason = Reason::from_code(reader.u16()?)?;
        let text_bytes = reader.u16()?;
        if usize::from(text_bytes) > MAX_TEXT_BYTES {
            let found = u64::from(text_bytes);
            return Err(Malformed::OutOfRange { field: Field::TextBytes, found });
        }
        reader.reserved::<4>()?;
        reader.expect(GOODBYE_BYTES.saturating_add(usize::from(text_bytes)))?;
        let text = std::str::from_utf8(reader.take_rest()).map_err(|_no_text| Malformed::Text)?;
        if text.chars().any(is_unprintable) {
            return Err(Malformed::Text);
        }
        Ok(Self { reason, text: Text(text.to_owned()) })
    }
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// 0: there is nothing more to say.
    Finished,
    /// 1: the peer broke the protocol.
    Protocol,
    /// 2: there is no version that both speak.
    Version,
    /// 3: there is no format that all can use. The text says who lacks what.
    NothingInCommon,
    /// 4: the peer was too slow.
    TooSlow,
    /// 5: the peer would have cost more than it may.
    Limit,
    /// 6: the peer may not connect.
    NotAllowed,
    /// 7: something failed on the sender's side: no memory, no device.
    Failed,
}

impl Reason {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Finished,
        Self::Protocol,
        Self::Version,
        Self::NothingInCommon,
        Self::TooSlow,
        Self::Limit,
        Self::NotAllowed,
        Self::Failed,
    ];

    /// The number in the message.
    pub fn code(self) -> u16 {
        match self {
            Self::Finished => 0,
            Self::Protocol => 1,
            Self::Version => 2,
            Self::NothingInCommon => 3,
            Self::TooSlow => 4,
            Self::Limit => 5,
            Self::NotAllowed => 6,
            Self::Failed => 7,
        }
    }

    fn from_code(code: u16) -> Result<Self, Malformed> {
        let reason = Self::ALL.into_iter().find(|reason| reason.code() == code);
        let found = u64::from(code);
        reason.ok_or(Malformed::OutOfRange { field: Field::Reason, found })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Finished => "finished",
            Self::Protocol => "the protocol was broken",
            Self::Version => "no common version",
            Self::NothingInCommon => "no common format",
            Self::TooSlow => "too slow",
            Self::Limit => "over a limit",
            Self::NotAllowed => "not allowed",
            Self::Failed => "failed",
        })
    }
}

/// Up to 400 bytes for people, without control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text(String);

impl Text {
    /// Takes as much of a text as there is room for. Characters that could do something to a
    /// terminal become question marks.
    pub fn new(text: &str) -> Self {
        let mut kept = String::new();
        for character in text.chars() {
            let character = if is_unprintable(character) { '?' } else { character };
            if kept.len().saturating_add(character.len_utf8()) > MAX_TEXT_BYTES {
                break;
            }
            kept.push(character);
        }
        Self(kept)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Category Cc of Unicode, which terminals act upon.
fn is_unprintable(character: char) -> bool {
    character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_has_no_control_characters() {
        assert_eq!(Text::new("a\u{1b}[31mb\nc\u{9b}").as_str(), "a?[31mb?c?");
        let long = "ä".repeat(1000);
        assert_eq!(Text::new(&long).as_str().len(), MAX_TEXT_BYTES);
        let odd = format!("a{long}");
        assert_eq!(Text::new(&odd).as_str().len(), MAX_TEXT_BYTES - 1);
    }
}
