//! Random changes that are the same on every run.

/// A small generator (xorshift) with a fixed seed.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    /// `bytes` with one to three places changed: flipped, replaced, removed, doubled, swapped or cut off.
    pub(crate) fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(3) {
            if out.is_empty() {
                break;
            }
            let at = self.below(out.len());
            match self.below(6) {
                0 => out[at] ^= 1 << self.below(8),
                1 => out[at] = b"{}[]\",:\\/&=%+ 0aF\x00\xff"[self.below(19)],
                2 => drop(out.remove(at)),
                3 => out.insert(at, out[at]),
                4 => {
                    let other = self.below(out.len());
                    out.swap(at, other);
                }
                _ => out.truncate(at),
            }
        }
        out
    }
}
