//! The stable words of enums: what the store, files and the API call their values.

/// Gives an enum the list of its values and its words, both ways.
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// All of them.
            pub const ALL: [$type; [$($word),+].len()] = [$($type::$variant),+];
            /// The stable word for it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $($type::$variant => $word),+ }
            }
            /// The value of a stable word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($type::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use words;
