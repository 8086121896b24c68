//! Passkeys (WebAuthn Level 3): what a browser is asked for, and whether what it answers is signed by a key it knows.
//!
//! Owns: challenges, options and the checks of answers, all over webauthn-rs, whose types stay in here: what has to be kept
//! between asking and answering, and keys, are text. Knows no customer, no store and no session. Challenges are random by
//! the library's own means.
//!
//! Every key has to check its owner by PIN or body (user verification), is asked to be discoverable, and needs to prove
//! nothing about its maker (no attestation): which passkey people use is theirs to choose.

use serde_json::Value;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// The party that keys are made for: one site.
pub struct Passkeys(Webauthn);

/// Why there are no passkeys here: a site without a name of its own, by number or without TLS, can have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("passkeys need a site with a host name, on https or localhost")]
pub struct NoSite;

/// The answer is not believed: made up, for another site or challenge, without its owner's check, or by another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the passkey's answer is not believed")]
pub struct NotBelieved;

/// What a browser is asked, and what has to be kept until it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// For the browser: the options of `navigator.credentials` with binary values in base64url.
    pub options: Value,
    /// To be kept on this side, and used once.
    pub state: String,
}

/// A key that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The authenticator's name for it.
    pub credential_id: Vec<u8>,
    /// Its public half.
    pub key: String,
}

/// Whose key an answer says that it is; believed only after [`Passkeys::signed_in`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says {
    /// The owner's sixteen bytes.
    pub owner: [u8; 16],
    /// The authenticator's name for the key.
    pub credential_id: Vec<u8>,
}

impl Passkeys {
    /// Of the site at a base address, called `name`.
    ///
    /// # Errors
    /// [`NoSite`]
    pub fn new(site: &str, name: &str) -> Result<Self, NoSite> {
        let url = Url::parse(site).map_err(|_| NoSite)?;
        let host = url.domain().ok_or(NoSite)?;
        if url.scheme() != "https" && host != "localhost" {
            return Err(NoSite);
        }
        let builder = WebauthnBuilder::new(host, &url).map_err(|_| NoSite)?;
        builder.rp_name(name).build().map(Self).map_err(|_| NoSite)
    }

    /// Asks for a new key of an owner, on no authenticator that has one of `known`.
    ///
    /// # Errors
    /// [`NotBelieved`] if the library cannot ask.
    pub fn ask_new(&self, owner: [u8; 16], name: &str, known: Vec<Vec<u8>>) -> Result<Asked, NotBelieved> {
        let known: Vec<CredentialID> = known;
        let asked = self.0.start_passkey_registration(Uuid::from_bytes(owner), name, name, Some(known));
        let (options, state) = asked.map_err(not_believed)?;
        let mut asked = asked_of(&options, &state)?;
        // Discoverable, so that it also signs in where nobody typed a number.
        if let Some(selection) = asked.options.pointer_mut("/publicKey/authenticatorSelection") {
            selection["residentKey"] = Value::from("required");
            selection["requireResidentKey"] = Value::from(true);
        }
        Ok(asked)
    }

    /// Checks a new key.
    ///
    /// # Errors
    /// [`NotBelieved`]
    pub fn made(&self, state: &str, answer: &str) -> Result<Made, NotBelieved> {
        let state: PasskeyRegistration = read(state)?;
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let key = self.0.finish_passkey_registration(&answer, &state).map_err(not_believed)?;
        Ok(Made { credential_id: key.cred_id().to_vec(), key: written(&key)? })
    }

    /// Asks for anybody's key.
    ///
    /// # Errors
    /// [`NotBelieved`] if the library cannot ask.
    pub fn ask_anybody(&self) -> Result<Asked, NotBelieved> {
        let (options, state) = self.0.start_discoverable_authentication().map_err(not_believed)?;
        let mut asked = asked_of(&options, &state)?;
        // Asked for by a button, not offered beside a field.
        if let Some(options) = asked.options.as_object_mut() {
            options.remove("mediation");
        }
        Ok(asked)
    }

    /// Whose key an answer says that it is.
    ///
    /// # Errors
    /// [`NotBelieved`] if it says nothing that can be read.
    pub fn says(&self, answer: &str) -> Result<Says, NotBelieved> {
        let answer: PublicKeyCredential = read(answer)?;
        let (owner, id) = self.0.identify_discoverable_authentication(&answer).map_err(not_believed)?;
        Ok(Says { owner: owner.into_bytes(), credential_id: id.to_vec() })
    }

    /// Checks an answer to [`ask_anybody`](Self::ask_anybody) against the key it names; the key as it is afterwards.
    ///
    /// # Errors
    /// [`NotBelieved`]
    pub fn signed_in(&self, state: &str, answer: &str, key: &str) -> Result<String, NotBelieved> {
        let state: DiscoverableAuthentication = read(state)?;
        let answer: PublicKeyCredential = read(answer)?;
        let mut key: Passkey = read(key)?;
        let result = self.0.finish_discoverable_authentication_v2(&answer, state, &key).map_err(not_believed)?;
        key.update_credential(&result);
        written(&key)
    }

    /// Asks for one of an owner's keys.
    ///
    /// # Errors
    /// [`NotBelieved`] if there is none, or one cannot be read.
    pub fn ask_for(&self, keys: &[String]) -> Result<Asked, NotBelieved> {
        let keys: Vec<Passkey> = keys.iter().map(|key| read(key)).collect::<Result<_, _>>()?;
        let (options, state) = self.0.start_passkey_authentication(&keys).map_err(not_believed)?;
        asked_of(&options, &state)
    }

    /// Checks an answer to [`ask_for`](Self::ask_for): the name of the key that signed.
    ///
    /// # Errors
    /// [`NotBelieved`]
    pub fn proved(&self, state: &str, answer: &str, keys: &[String]) -> Result<Made, NotBelieved> {
        let state: PasskeyAuthentication = read(state)?;
        let answer: PublicKeyCredential = read(answer)?;
        let result = self.0.finish_passkey_authentication(&answer, &state).map_err(not_believed)?;
        let keys = keys.iter().filter_map(|key| read::<Passkey>(key).ok());
        let mut key = keys.into_iter().find(|key| key.cred_id() == result.cred_id()).ok_or(NotBelieved)?;
        key.update_credential(&result);
        Ok(Made { credential_id: key.cred_id().to_vec(), key: written(&key)? })
    }
}

fn asked_of(options: &impl serde::Serialize, state: &impl serde::Serialize) -> Result<Asked, NotBelieved> {
    Ok(Asked { options: serde_json::to_value(options).map_err(|_| NotBelieved)?, state: written(state)? })
}
fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, NotBelieved> {
    serde_json::from_str(text).map_err(|_| NotBelieved)
}
fn written(value: &impl serde::Serialize) -> Result<String, NotBelieved> {
    serde_json::to_string(value).map_err(|_| NotBelieved)
}
/// Why is of use to nobody but whoever tries.
fn not_believed<E>(_: E) -> NotBelieved {
    NotBelieved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_needs_a_name_and_tls_or_to_be_local() {
        for fine in ["https://my.example.com", "https://my.example.com:8443/", "http://localhost:7999"] {
            assert!(Passkeys::new(fine, "Shop").is_ok(), "{fine}");
        }
        for bad in ["", "my.example.com", "http://my.example.com", "https://192.0.2.1", "http://127.0.0.1:7999"] {
            assert!(Passkeys::new(bad, "Shop").is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_check_their_owner_and_can_be_found_without_a_number() {
        let keys = Passkeys::new("https://my.example.com", "Shop").unwrap();
        let asked = keys.ask_new([7; 16], "138****8001", vec![vec![1, 2, 3]]).unwrap();
        let public = &asked.options["publicKey"];
        assert_eq!(public["rp"]["id"], "my.example.com");
        assert_eq!(public["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(public["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(public["attestation"], "none");
        assert_eq!(public["excludeCredentials"][0]["id"], "AQID");
        let again = keys.ask_new([7; 16], "138****8001", Vec::new()).unwrap();
        assert_ne!(public["challenge"], again.options["publicKey"]["challenge"], "each challenge is new");
        let anybody = keys.ask_anybody().unwrap();
        assert_eq!(anybody.options["publicKey"]["userVerification"], "required");
        assert!(anybody.options.get("mediation").is_none());
        assert!(keys.ask_for(&[]).is_err() || keys.ask_for(&["no key".to_owned()]).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_not_believed() {
        let keys = Passkeys::new("https://my.example.com", "Shop").unwrap();
        let asked = keys.ask_new([7; 16], "name", Vec::new()).unwrap();
        for answer in ["", "{}", "null", "[]", "{\"id\":1}"] {
            assert_eq!(keys.made(&asked.state, answer), Err(NotBelieved), "{answer}");
            assert_eq!(keys.says(answer), Err(NotBelieved), "{answer}");
            assert_eq!(keys.signed_in(&asked.state, answer, "{}"), Err(NotBelieved), "{answer}");
        }
    }
}
