//! Makes structs of texts in three languages side by side.
//!
//! Each area of pages or reports has one file of texts. A text that a language
//! lacks does not compile. Texts say "our policy", never "the law".

/// Makes a struct of texts with one constant a language:
/// `name: "bokmål", "nynorsk", "English";`
macro_rules! texts {
    ($(#[$meta:meta])* $name:ident {
        $($field:ident: $nb:literal, $nn:literal, $en:literal;)*
    }) => {
        $(#[$meta])*
        pub(super) struct $name {
            $(pub(super) $field: &'static str,)*
        }

        impl $name {
            /// The texts in `language`.
            pub(super) const fn of(language: $crate::notify::Language) -> &'static Self {
                match language {
                    $crate::notify::Language::En => &Self { $($field: $en,)* },
                    $crate::notify::Language::Nb => &Self { $($field: $nb,)* },
                    $crate::notify::Language::Nn => &Self { $($field: $nn,)* },
                }
            }

            /// Each text with its name, in bokmål, nynorsk and English.
            #[cfg(test)]
            pub(super) fn all() -> Vec<(&'static str, [&'static str; 3])> {
                vec![$((stringify!($field), [$nb, $nn, $en]),)*]
            }
        }
    };
}

pub(crate) use texts;
