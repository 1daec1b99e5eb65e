//! What has changed in a picture.

use std::fmt;
use std::hash::Hash;
use std::hash::Hasher;

use crate::ipc::wire::Fields;
use crate::stream::wire::Field;
use crate::stream::wire::MAX_RECTANGLES;
use crate::stream::wire::Malformed;
use crate::stream::wire::Size;
use crate::stream::wire::bytes::Reader;

const EVERYTHING: u8 = 255;
const RECTANGLE_BYTES: usize = 16;
/// The last column or row that can be named.
const LIMIT: u32 = 0x7fff_ffff;

/// A part of a picture, in pixels: at least one, and none beyond 2147483647. Row 0 is the first in
/// memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rectangle {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

impl Rectangle {
    /// `None` if it has no pixel or reaches too far.
    pub fn new(x: u32, y: u32, width: u32, height: u32) -> Option<Self> {
        Self::check(x, y, width, height).ok()
    }

    fn check(x: u32, y: u32, width: u32, height: u32) -> Result<Self, Malformed> {
        let fits = |start: u32, extent: u32| {
            extent > 0 && start.checked_add(extent).is_some_and(|end| end <= LIMIT)
        };
        let refuse = |field, found| Malformed::OutOfRange { field, found: u64::from(found) };
        if !fits(x, width) {
            return Err(refuse(Field::RectangleWidth, width));
        }
        if !fits(y, height) {
            return Err(refuse(Field::RectangleHeight, height));
        }
        Ok(Self { x, y, width, height })
    }

    /// Pixels left of it.
    pub fn x(&self) -> u32 {
        self.x
    }

    /// Rows before it in memory.
    pub fn y(&self) -> u32 {
        self.y
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Whether all of it lies in a picture of this size.
    pub fn is_inside(&self, size: Size) -> bool {
        let fits = |start: u32, extent: u32, end: u32| start.saturating_add(extent) <= end;
        fits(self.x, self.width, size.width()) && fits(self.y, self.height, size.height())
    }
}

/// What may differ from the frame before. Owns no memory: a frame is not to allocate.
#[derive(Clone, Copy)]
pub struct Damage {
    /// Those that are not used are of no meaning.
    rectangles: [Rectangle; MAX_RECTANGLES],
    /// How many are used, or that everything has changed.
    code: u8,
}

const UNUSED: Rectangle = Rectangle { x: 0, y: 0, width: 1, height: 1 };

impl Damage {
    /// Everything may have changed.
    pub const EVERYTHING: Self = Self { rectangles: [UNUSED; MAX_RECTANGLES], code: EVERYTHING };
    /// Nothing has changed.
    pub const NOTHING: Self = Self { rectangles: [UNUSED; MAX_RECTANGLES], code: 0 };

    /// These parts have changed; everything if there are more than 16 of them, which is always
    /// right.
    pub fn new(rectangles: &[Rectangle]) -> Self {
        let mut damage = Self::NOTHING;
        for rectangle in rectangles {
            damage.add(*rectangle);
        }
        damage
    }

    /// The parts that have changed, or `None` for everything.
    pub fn rectangles(&self) -> Option<&[Rectangle]> {
        self.rectangles.get(..usize::from(self.code))
    }

    /// Also what another one says: the changes of two frames in a row. Everything, if that takes
    /// more than 16 rectangles.
    pub fn merge(&mut self, other: &Self) {
        match other.rectangles() {
            None => self.code = EVERYTHING,
            Some(rectangles) => rectangles.iter().for_each(|rectangle| self.add(*rectangle)),
        }
    }

    /// Whether all of it lies in a picture of this size.
    pub fn is_inside(&self, size: Size) -> bool {
        let mut rectangles = self.rectangles().into_iter().flatten();
        rectangles.all(|rectangle| rectangle.is_inside(size))
    }

    /// Nothing has changed any more.
    pub(in crate::stream) fn clear(&mut self) {
        self.code = 0;
    }

    /// What another one says. Moves no more than the rectangles that there are.
    pub(in crate::stream) fn set(&mut self, other: &Self) {
        self.code = other.code;
        for (to, from) in self.rectangles.iter_mut().zip(other.rectangles().into_iter().flatten()) {
            *to = *from;
        }
    }

    fn add(&mut self, rectangle: Rectangle) {
        if self.rectangles().is_none_or(|known| known.contains(&rectangle)) {
            return;
        }
        match self.rectangles.get_mut(usize::from(self.code)) {
            None => self.code = EVERYTHING,
            Some(next) => {
                *next = rectangle;
                self.code = self.code.saturating_add(1);
            }
        }
    }

    pub(in crate::stream::wire) fn code(&self) -> u8 {
        self.code
    }

    /// Bytes of the rectangles in a datagram.
    pub(in crate::stream::wire) fn bytes(&self) -> usize {
        self.rectangles().map_or(0, <[_]>::len).saturating_mul(RECTANGLE_BYTES)
    }

    /// What a code says about the rectangles that follow: how many there are.
    pub(in crate::stream::wire) fn count_of(code: u8) -> Result<usize, Malformed> {
        match usize::from(code) {
            _ if code == EVERYTHING => Ok(0),
            count if count <= MAX_RECTANGLES => Ok(count),
            _ => Err(Malformed::OutOfRange { field: Field::Damage, found: u64::from(code) }),
        }
    }

    /// Writes what follows a code.
    pub(in crate::stream::wire) fn encode(&self, datagram: &mut Vec<u8>) {
        for rectangle in self.rectangles().into_iter().flatten() {
            let Rectangle { x, y, width, height } = *rectangle;
            let mut fields = Fields::<RECTANGLE_BYTES>::new();
            for field in [x, y, width, height] {
                fields.put(&field.to_le_bytes());
            }
            datagram.extend_from_slice(&fields.bytes());
        }
    }

    /// Reads what follows a code, over what was there.
    pub(in crate::stream::wire) fn decode(
        &mut self,
        code: u8,
        reader: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        let count = Self::count_of(code)?;
        self.code = code;
        for index in 0..count {
            let (x, y) = (reader.u32()?, reader.u32()?);
            let rectangle = Rectangle::check(x, y, reader.u32()?, reader.u32()?)?;
            if self.rectangles.iter().take(index).any(|known| *known == rectangle) {
                return Err(Malformed::RectangleTwice { rectangle: index });
            }
            if let Some(to) = self.rectangles.get_mut(index) {
                *to = rectangle;
            }
        }
        Ok(())
    }
}

impl PartialEq for Damage {
    fn eq(&self, other: &Self) -> bool {
        self.rectangles() == other.rectangles()
    }
}

impl Eq for Damage {}

impl Hash for Damage {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.rectangles().hash(hasher);
    }
}

impl fmt::Debug for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Damage").field(&self.rectangles()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(x: u32) -> Rectangle {
        Rectangle::new(x, 0, 1, 100).unwrap()
    }

    #[test]
    fn rectangle_has_pixels_and_an_end() {
        assert!(Rectangle::new(0, 0, LIMIT, LIMIT).is_some());
        assert!(Rectangle::new(LIMIT - 1, LIMIT - 1, 1, 1).is_some());
        for (x, y, width, height) in [
            (0, 0, 0, 1),
            (0, 0, 1, 0),
            (LIMIT, 0, 1, 1),
            (0, LIMIT, 1, 1),
            (1, 0, LIMIT, 1),
            (0, 1, 1, LIMIT),
            (u32::MAX, 0, u32::MAX, 1),
            (0, u32::MAX, 1, 1),
        ] {
            assert_eq!(Rectangle::new(x, y, width, height), None, "{x} {y} {width} {height}");
        }
    }

    #[test]
    fn damage_of_more_than_16_rectangles_is_everything() {
        let columns: Vec<_> = (0..17).map(column).collect();
        let damage = Damage::new(&columns[..16]);
        assert_eq!(damage.rectangles(), Some(&columns[..16]));
        assert_eq!(Damage::new(&columns), Damage::EVERYTHING);
        assert_eq!(Damage::EVERYTHING.rectangles(), None);
        assert_eq!(Damage::NOTHING.rectangles(), Some(&[][..]));
    }

    #[test]
    fn merge_keeps_all_parts_once() {
        let mut damage = Damage::new(&[column(1), column(2)]);
        damage.merge(&Damage::new(&[column(2), column(3)]));
        assert_eq!(damage, Damage::new(&[column(1), column(2), column(3)]));
        damage.merge(&Damage::NOTHING);
        assert_eq!(damage.rectangles().unwrap().len(), 3);
        damage.merge(&Damage::EVERYTHING);
        assert_eq!(damage, Damage::EVERYTHING);
        damage.merge(&Damage::new(&[column(1)]));
        assert_eq!(damage, Damage::EVERYTHING);
    }

    #[test]
    fn damage_is_equal_if_the_same_has_changed() {
        let mut cleared = Damage::new(&[column(1), column(2)]);
        cleared.clear();
        assert_eq!(cleared, Damage::NOTHING, "what is not used means nothing");
        assert_ne!(Damage::NOTHING, Damage::EVERYTHING);
        assert_ne!(Damage::new(&[column(1)]), Damage::new(&[column(2)]));
        assert_ne!(Damage::new(&[column(1)]), Damage::new(&[column(1), column(2)]));
    }

    #[test]
    fn damage_is_inside_a_picture_that_has_all_its_pixels() {
        let damage = Damage::new(&[column(0), column(9)]);
        let inside = |width, height| damage.is_inside(Size::new(width, height).unwrap());
        assert!(inside(10, 100));
        assert!(!inside(9, 100));
        assert!(!inside(10, 99));
        assert!(Damage::EVERYTHING.is_inside(Size::new(1, 1).unwrap()));
        assert!(Damage::NOTHING.is_inside(Size::new(1, 1).unwrap()));
    }
}
