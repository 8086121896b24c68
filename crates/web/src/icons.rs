//! Symbols, drawn in the page: each is decoration beside a text that says the same.

/// The symbol of a device or a tone.
pub(crate) fn icon(name: &str) -> &'static str {
    macro_rules! svg {
        ($shapes:literal) => {
            concat!(r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">"#, $shapes, "</svg>")
        };
    }
    match name {
        "phone" => svg!(r#"<rect x="7" y="2.5" width="10" height="19" rx="2.5"/><path d="M11 18.5h2"/>"#),
        "watch" => {
            svg!(
                r#"<circle cx="12" cy="12" r="5.5"/><path d="M9 7l.7-4h4.6l.7 4M9 17l.7 4h4.6l.7-4M12 9.5V12l1.6 1.2"/>"#
            )
        }
        "router" => {
            svg!(
                r#"<rect x="3" y="13.5" width="18" height="7" rx="2"/><path d="M7 17h.01M10.5 17h.01M17 13.5V10M13.5 7a5 5 0 0 1 7 0"/>"#
            )
        }
        "tracker" => {
            svg!(
                r#"<path d="M12 21.5s6.5-6 6.5-11a6.5 6.5 0 0 0-13 0c0 5 6.5 11 6.5 11z"/><circle cx="12" cy="10.5" r="2.3"/>"#
            )
        }
        "meter" => svg!(r#"<circle cx="12" cy="12" r="9"/><path d="M12 12l3.5-4M7 15.5h10"/>"#),
        "fine" => svg!(r#"<circle cx="12" cy="12" r="9"/><path d="M8 12.3l2.8 2.7L16 9.5"/>"#),
        "soon" | "wait" => svg!(r#"<circle cx="12" cy="12" r="9"/><path d="M12 7v5.3l3 1.7"/>"#),
        "stopped" => svg!(r#"<circle cx="12" cy="12" r="9"/><path d="M9 9l6 6M15 9l-6 6"/>"#),
        "quiet" => svg!(r#"<circle cx="12" cy="12" r="9"/><path d="M8 12h8"/>"#),
        _ => svg!(r#"<rect x="4" y="6" width="16" height="12" rx="3"/><path d="M8 10h3v4H8z"/>"#),
    }
}
