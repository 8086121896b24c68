//! TLS, and a certificate that changes while the node runs.

use crate::rig::{Brandland, Node, Wishes, until};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A certificate for localhost that signs itself.
fn certificate(folder: &Path, name: &str) -> bool {
    let (cert, key) = (folder.join("cert.pem"), folder.join("cert.key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output();
    let Ok(made) = made else { return false };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    true
}

async fn answers(land: &Brandland, url: &str) -> Option<String> {
    let root = reqwest::Certificate::from_pem(&fs::read(land.folder.path().join("cert.pem")).unwrap()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().unwrap();
    let response = client.get(format!("{url}/")).send().await.ok()?;
    Some(response.headers()["strict-transport-security"].to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart() {
    let land = Brandland::new().await;
    if !certificate(land.folder.path(), "first") {
        println!("skipped: no openssl installed");
        return;
    }
    let listen = "[listen.tls]\ncertificate_file = \"cert.pem\"\nkey_file = \"cert.key\"\n".to_owned();
    let written = land.write("node", &Wishes { listen, https: true, ..Wishes::default() });
    let mut node = Node::start(&land, &written).await;
    let url = format!("https://localhost:{}", written.port);
    assert!(answers(&land, &url).await.is_some(), "{}", node.log());

    let old = fs::read(land.folder.path().join("cert.pem")).unwrap();
    certificate(land.folder.path(), "second");
    assert!(answers(&land, &url).await.is_none(), "the new one is not in use yet");
    node.signal("HUP");
    until("the new certificate", async || answers(&land, &url).await).await;

    // One that cannot be used is not.
    let new = fs::read(land.folder.path().join("cert.pem")).unwrap();
    assert_ne!(old, new);
    fs::write(land.folder.path().join("cert.pem"), "no certificate").unwrap();
    node.signal("HUP");
    until("the complaint", async || node.log().contains("the old one stays").then_some(())).await;
    fs::write(land.folder.path().join("cert.pem"), new).unwrap();
    assert!(answers(&land, &url).await.is_some());
    node.signal("TERM");
    assert!(node.ends().await.success());
}
