//! Style, script and icon: built in, compressed once, under addresses that name their content and are kept for ever.

use crate::fault::{Answer, Fault};
use crate::web::Web;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    /// `/assets/<hash>/<name>`.
    url: String,
    hash: String,
    plain: &'static [u8],
    gzip: Option<Bytes>,
}

static ASSETS: LazyLock<[Asset; 9]> = LazyLock::new(|| {
    [
        asset("everline.css", "text/css; charset=utf-8", include_bytes!("../assets/everline.css")),
        asset("everline.js", "text/javascript; charset=utf-8", include_bytes!("../assets/everline.js")),
        asset("passkeys.js", "text/javascript; charset=utf-8", include_bytes!("../assets/passkeys.js")),
        asset("browsers.js", "text/javascript; charset=utf-8", include_bytes!("../assets/browsers.js")),
        asset("htmx.min.js", "text/javascript; charset=utf-8", include_bytes!("../assets/htmx.min.js")),
        asset("install.js", "text/javascript; charset=utf-8", include_bytes!("../assets/install.js")),
        asset("icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg")),
        asset("icon-192.png", "image/png", include_bytes!("../assets/icon-192.png")),
        asset("icon-512.png", "image/png", include_bytes!("../assets/icon-512.png")),
    ]
});

fn asset(name: &'static str, content_type: &'static str, plain: &'static [u8]) -> Asset {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, plain);
    let hash: String = URL_SAFE_NO_PAD.encode(digest.as_ref()).chars().take(16).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = encoder.write_all(plain).and_then(|()| encoder.finish()).ok().map(Bytes::from);
    Asset { name, content_type, url: format!("/assets/{hash}/{name}"), hash, plain, gzip }
}

/// The address of an asset; `None` for one that does not exist.
pub(crate) fn url(name: &str) -> Option<&'static str> {
    ASSETS.iter().find(|asset| asset.name == name).map(|asset| asset.url.as_str())
}

/// `GET /assets/{hash}/{name}`
pub(crate) async fn show(
    State(_): State<Web>,
    Path((hash, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name && asset.hash == hash) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let common = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match asset.gzip.clone().filter(|_| accepted.split(',').any(|coding| coding.trim().starts_with("gzip"))) {
        Some(gzip) => (common, [(header::CONTENT_ENCODING, "gzip")], gzip).into_response(),
        None => (common, Bytes::from_static(asset.plain)).into_response(),
    }
}

/// `GET /{file}`: the file by which WeChat sees that the domain is ours; of any other name there is none.
pub(crate) async fn domain_proof(State(web): State<Web>, Path(file): Path<String>) -> Answer {
    let proof = web.config.domain_proof.as_ref().filter(|(name, _)| *name == file);
    let (_, text) = proof.ok_or(Fault::NoRoute)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text.clone()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_app::secrets::hex;

    /// htmx 4.0.1 as published on npm (`dist/htmx.min.js`), Zero-Clause BSD.
    const HTMX_SHA256: &str = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130";

    #[test]
    fn htmx_is_the_published_file() {
        let file = ASSETS.iter().find(|asset| asset.name == "htmx.min.js").unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, file.plain);
        assert_eq!(hex(digest.as_ref()), HTMX_SHA256);
    }

    #[test]
    fn scripts_and_first_load_stay_small() {
        let gzip = |name: &str| {
            let asset = ASSETS.iter().find(|asset| asset.name == name).unwrap();
            asset.gzip.as_ref().unwrap().len()
        };
        let scripts = gzip("htmx.min.js") + gzip("everline.js") + gzip("install.js");
        assert!(scripts <= 20 * 1024, "{scripts} octets of script");
        // Leaves 15 KiB for the page itself, which is not compressed.
        let all = scripts + gzip("everline.css") + gzip("icon.svg");
        assert!(all <= 35 * 1024, "{all} octets of assets");
    }
}
