//! Places in bytes, and in the UTF-16 code units that JavaScript counts.

/// Converts the places of one text.
#[derive(Debug)]
pub(crate) struct Places<'t> {
    text: &'t str,
    /// Where the two differ: bytes of a character's end, and the units up to there.
    jumps: Vec<(usize, usize)>,
}

impl<'t> Places<'t> {
    /// Of a text.
    pub(crate) fn of(text: &'t str) -> Self {
        let mut units = 0;
        let mut jumps = Vec::new();
        for (index, character) in text.char_indices() {
            units += character.len_utf16();
            if character.len_utf8() != character.len_utf16() {
                jumps.push((index + character.len_utf8(), units));
            }
        }
        Self { text, jumps }
    }

    /// From bytes to units.
    pub(crate) fn units(&self, byte: usize) -> u32 {
        let byte = byte.min(self.text.len());
        let before = self.jumps.partition_point(|(end, _)| *end <= byte);
        let (end, units) = match before.checked_sub(1).and_then(|last| self.jumps.get(last)) {
            Some(jump) => *jump,
            None => (0, 0),
        };
        (units + byte - end) as u32
    }

    /// From units to bytes: of the character that they are in.
    pub(crate) fn byte(&self, units: u32) -> usize {
        let units = units as usize;
        let before = self.jumps.partition_point(|(_, to)| *to <= units);
        let (end, to) = match before.checked_sub(1).and_then(|last| self.jumps.get(last)) {
            Some(jump) => *jump,
            None => (0, 0),
        };
        let mut byte = (end + units - to).min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn characters_of_every_width() {
        let text = "aü€𝄞b";
        let places = Places::of(text);
        for (byte, character) in text.char_indices().chain([(text.len(), ' ')]) {
            let units = text[..byte].encode_utf16().count() as u32;
            assert_eq!(
                (places.units(byte), places.byte(units)),
                (byte as u32 - (byte as u32 - units), byte),
                "{character}"
            );
        }
        assert_eq!(places.byte(99), text.len());
        // In the middle of a pair.
        assert_eq!(places.byte(4), 6);
    }
}
