//! Web push: notices encrypted for one browser (RFC 8291 over the coding of RFC 8188), and who sends them (RFC 8292).

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest notice: push services take 4,096 octets, of which the coding needs 103 (RFC 8291 §4).
pub const NOTICE_BYTES_MAX: usize = 3_993;
/// The size of a record, which ours never fill.
const RECORD_BYTES: u32 = 4_096;

/// Why nothing could be sealed or signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not 32 bytes in base64url, or no key of the curve.
    #[error("no private key of P-256: 32 bytes in base64url expected")]
    PrivateKey,
    /// The browser's key is no point of the curve, or its secret has not 16 bytes.
    #[error("no key and secret of a browser")]
    Browser,
    /// The notice is too long.
    #[error("a notice of {0} bytes; at most {NOTICE_BYTES_MAX}")]
    TooLong(usize),
    /// The crypto library refused. Not caused by input.
    #[error("the crypto library failed")]
    Crypto,
}

/// What a browser's subscription holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    key: Vec<u8>,
    secret: Vec<u8>,
}

impl Browser {
    /// From its key and its secret, both in base64url.
    ///
    /// # Errors
    /// [`Error::Browser`].
    pub fn parse(p256dh: &str, auth: &str) -> Result<Self, Error> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Browser);
        let (key, secret) = (decode(p256dh)?, decode(auth)?);
        if key.len() == 65 && secret.len() == 16 { Ok(Self { key, secret }) } else { Err(Error::Browser) }
    }
}

/// What must be new for each notice. The key is drawn again if it is none of the curve, which nearly never happens.
#[derive(Clone)]
pub struct Fresh {
    /// A private key for this notice alone.
    pub key: [u8; 32],
    /// A salt.
    pub salt: [u8; 16],
}

/// Seals a notice for a browser: the body of a request with `content-encoding: aes128gcm`.
///
/// # Errors
/// [`Error`].
pub fn seal(browser: &Browser, fresh: &Fresh, notice: &[u8]) -> Result<Vec<u8>, Error> {
    if notice.len() > NOTICE_BYTES_MAX {
        return Err(Error::TooLong(notice.len()));
    }
    let private = PrivateKey::from_private_key(&ECDH_P256, &fresh.key).map_err(|_| Error::PrivateKey)?;
    let ours = private.compute_public_key().map_err(|_| Error::Crypto)?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, &browser.key);
    let shared = agree(&private, theirs, Error::Browser, |shared| Ok(shared.to_vec()))?;
    // RFC 8291 §3.3 and §3.4, RFC 8188 §2.2 and §2.3; each expansion needs one block.
    let key_info = [b"WebPush: info\0", browser.key.as_slice(), ours.as_ref(), &[1]].concat();
    let input = mac(&mac(&browser.secret, &shared), &key_info);
    let pseudo_random = mac(&fresh.salt, &input);
    let key = mac(&pseudo_random, b"Content-Encoding: aes128gcm\0\x01");
    let nonce = mac(&pseudo_random, b"Content-Encoding: nonce\0\x01");
    let key = key.get(..16).ok_or(Error::Crypto)?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).map_err(|_| Error::Crypto)?);
    let nonce = Nonce::try_assume_unique_for_key(nonce.get(..12).ok_or(Error::Crypto)?).map_err(|_| Error::Crypto)?;
    // The octet 2 ends the last record.
    let mut sealed = [notice, &[2]].concat();
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).map_err(|_| Error::Crypto)?;
    let head = [fresh.salt.as_slice(), &RECORD_BYTES.to_be_bytes(), &[65], ours.as_ref()].concat();
    Ok([head, sealed].concat())
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

/// Who sends notices: a key pair that browsers are told when they subscribe.
pub struct Sender {
    pair: EcdsaKeyPair,
    public: Vec<u8>,
}

impl Sender {
    /// From the private key: 32 bytes in base64url, as other libraries write it too.
    ///
    /// # Errors
    /// [`Error::PrivateKey`].
    pub fn parse(private: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(private.trim()).map_err(|_| Error::PrivateKey)?;
        let key = PrivateKey::from_private_key(&ECDH_P256, &bytes).map_err(|_| Error::PrivateKey)?;
        let public = key.compute_public_key().map_err(|_| Error::Crypto)?.as_ref().to_vec();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes, &public);
        Ok(Self { pair: pair.map_err(|_| Error::PrivateKey)?, public })
    }
    /// The text of a private key of these bytes; an error if they are no key, which random ones nearly never are.
    ///
    /// # Errors
    /// [`Error::PrivateKey`].
    pub fn write(bytes: &[u8; 32]) -> Result<String, Error> {
        PrivateKey::from_private_key(&ECDH_P256, bytes).map_err(|_| Error::PrivateKey)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }
    /// The public key, in base64url: `applicationServerKey` of a browser's subscription.
    #[must_use]
    pub fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.public)
    }
    /// The header `authorization` of a request to a push service (RFC 8292 §2 and §3).
    ///
    /// `audience` is the service's origin, `contact` a `mailto:` or `https:` address, `expires_at_s` at most a day ahead, in seconds since
    /// 1970.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn authorization(&self, audience: &str, contact: &str, expires_at_s: i64) -> Result<String, Error> {
        let claims = serde_json::json!({ "aud": audience, "exp": expires_at_s, "sub": contact }).to_string();
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| Error::Crypto)?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Ok(format!("vapid t={signed}.{signature}, k={}", self.public_key()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_standard() {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let browser = Browser::parse(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        );
        let fresh = Fresh {
            key: decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").try_into().unwrap(),
            salt: decode("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap(),
        };
        let sealed = seal(&browser.unwrap(), &fresh, b"When I grow up, I want to be a watermelon").unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(sealed),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(Browser::parse("AAAA", "BTBZMqHH6r4Tts7J_aSIgg"), Err(Error::Browser));
        assert!(matches!(Sender::parse(&URL_SAFE_NO_PAD.encode([0; 32])), Err(Error::PrivateKey)));
        assert!(matches!(Sender::parse("x"), Err(Error::PrivateKey)));
        let nobody = Browser { key: vec![4; 65], secret: vec![0; 16] };
        let fresh = Fresh { key: [7; 32], salt: [1; 16] };
        assert_eq!(seal(&nobody, &fresh, b""), Err(Error::Browser));
        assert_eq!(seal(&nobody, &fresh, &[0; 4_000]), Err(Error::TooLong(4_000)));
    }

    #[test]
    fn a_sender_says_who_it_is() {
        let sender = Sender::parse(&Sender::write(&[7; 32]).unwrap()).unwrap();
        let header = sender.authorization("https://push.example", "mailto:ops@example.com", 1_800_000_000).unwrap();
        let token = header.strip_prefix("vapid t=").unwrap().split(',').next().unwrap();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let expected = r#"{"aud":"https://push.example","exp":1800000000,"sub":"mailto:ops@example.com"}"#;
        assert_eq!(String::from_utf8(claims).unwrap(), expected);
        assert!(header.ends_with(&format!(", k={}", sender.public_key())));
    }
}
