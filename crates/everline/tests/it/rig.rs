//! A brand in a folder, the simulated outside world around it, and processes that serve it.

use everline_app::add_line::{AddCustomer, NewLine};
use everline_app::clock::Clock;
use everline_app::set_up::SetUp;
use everline_core::brand::{Brand, Localized};
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId};
use everline_core::lifecycle::HandOver;
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::money::{Currency, Money, UNIT};
use everline_core::offering::{
    Eligibility, Family, Included, Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy, Unit,
    UsedUp,
};
use everline_core::time::Validity;
use everline_sandbox::{Sandbox, SandboxConfig};
use everline_store::tables::MIGRATIONS;
use everline_store::{Store, migrate};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Names and numbers that no log may show.
pub const NAME: &str = "欧阳金丝雀";
pub const LINE_NAME: &str = "金丝雀的手表";
/// How long a test waits for what must come; it ends as soon as it came.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program.
pub fn everline(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everline"));
    command.args(args).env_remove("EVERLINE_LOG").env_remove("NOTIFY_SOCKET").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(args: &[&str]) -> Output {
    everline(args).output().unwrap()
}

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A free port that nobody else is given: below those that the system hands
/// out by itself, and another one for each call and process.
pub fn free_port() -> u16 {
    const PER_PROCESS: u16 = 100;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + (std::process::id() % 200) as u16 * PER_PROCESS;
    std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap()
}

/// The outside world, a folder with secrets, and a way to write configurations.
pub struct Brandland {
    pub folder: tempfile::TempDir,
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
}

/// What a test wants to be different.
#[derive(Default, Clone)]
pub struct Wishes {
    /// The section about the store; a file in the folder without.
    pub store: Option<String>,
    /// More lines of the section about listening.
    pub listen: String,
    pub https: bool,
    /// More sections.
    pub more: String,
}

/// A configuration in the folder.
#[derive(Clone)]
pub struct Written {
    pub file: PathBuf,
    pub port: u16,
    pub admin: u16,
}

impl Brandland {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With a sandbox that is changed before it starts.
    pub async fn with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let clock = Clock::machine();
        let mut config = SandboxConfig::new(Arc::new(move || clock.now().system.us()));
        config.alipay.notify_retry_divisor = 240;
        change(&mut config);
        let sandbox = everline_sandbox::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let access = sandbox.access();
        for (name, text) in [
            ("master.key", "5a".repeat(32)),
            ("merchant.key", access.alipay_merchant_key.as_ref().unwrap().to_pem().unwrap()),
            ("wechat.key", access.wechat_merchant_key.as_ref().unwrap().to_pem().unwrap()),
            ("wechat.v3", access.wechat_api_v3_key.clone()),
            ("wechat.secret", access.wechat_app_secret.clone()),
            ("stripe.key", access.cards_api_key.clone()),
            ("stripe-webhook", access.cards_webhook_secret.clone()),
            ("sms.token", access.sms_token.clone()),
            ("device.token", access.device_token.clone()),
            ("upstream.token", access.upstream_token.clone()),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(folder.path().join("gateway.pub"), access.alipay_gateway_key.to_pem().unwrap()).unwrap();
        fs::write(folder.path().join("wechat.pub"), access.wechat_public_key.to_pem().unwrap()).unwrap();
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self { folder, sandbox, http }
    }

    /// Writes a configuration.
    pub fn write(&self, name: &str, wishes: &Wishes) -> Written {
        let (port, admin, access) = (free_port(), free_port(), self.sandbox.access());
        let store = wishes.store.clone().unwrap_or_else(|| "sqlite = \"store.sqlite\"".to_owned());
        let scheme = if wishes.https { "https" } else { "http" };
        let devices = self.sandbox.addresses().devices;
        let mut text = format!(
            r#"public_url = "{scheme}://localhost:{port}"
languages = ["zh-CN", "en"]
[listen]
address = "127.0.0.1:{port}"
admin_address = "127.0.0.1:{admin}"
{}
[store]
{store}
[keys]
master_key = {{ file = "master.key" }}
[alipay]
gateway_url = "{}"
app_id = "{}"
seller_id = "{}"
merchant_key = {{ file = "merchant.key" }}
gateway_key_file = "gateway.pub"
notify_url = "http://127.0.0.1:{port}/notify/alipay"
[wechat]
gateway_url = "{}"
mchid = "{}"
appid = "{}"
merchant_key = {{ file = "wechat.key" }}
merchant_serial = "{}"
api_v3_key = {{ file = "wechat.v3" }}
public_keys = ["{}=wechat.pub"]
notify_url = "http://127.0.0.1:{port}/notify/wechat"
app_secret = {{ file = "wechat.secret" }}
authorize_url = "{}"
token_url = "{}"
[sms]
url = "{}"
token = {{ file = "sms.token" }}
[built_in_network]
base_url = "http://{devices}"
token = {{ file = "device.token" }}
device_token = {{ file = "device.token" }}
[upstream_network]
base_url = "{}"
token = {{ file = "upstream.token" }}
"#,
            wishes.listen,
            access.alipay_gateway_url,
            access.alipay_app_id,
            access.alipay_seller_id,
            access.wechat_gateway_url,
            access.wechat_mchid,
            access.wechat_appid,
            access.wechat_merchant_serial,
            access.wechat_public_key_id,
            access.wechat_gateway_url,
            access.wechat_gateway_url,
            access.sms_url,
            access.upstream_url,
        );
        text.push_str(
            r#"[brand]
name = { zh-CN = "青禾通信", en = "Qinghe Mobile" }
legal_name = { zh-CN = "青禾", en = "Qinghe" }
credit_code = "91310000MA1K000000"
time_zone = "Asia/Shanghai"
currency = "CNY"
calling_code = "86"
hotline = "400-800-1234"
hotline_hours = { zh-CN = "每天", en = "daily" }
terms_version = "2026-10"
"#,
        );
        write!(text, "{}", wishes.more).unwrap();
        let file = self.folder.path().join(format!("{name}.toml"));
        fs::write(&file, text).unwrap();
        Written { file, port, admin }
    }

    /// The section about cards, for [`Wishes::more`].
    pub fn cards(&self) -> String {
        format!(
            "[stripe]\napi_url = \"{}\"\nmode = \"test\"\napi_key = {{ file = \"stripe.key\" }}\n\
             webhook_secrets = {{ file = \"stripe-webhook\" }}\n",
            self.sandbox.access().cards_api_url
        )
    }

    /// The store's file.
    pub fn store_file(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    /// A call of the sandbox's control.
    pub async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/control/{path}", self.sandbox.access().view_url.trim_end_matches('/'));
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}

/// Asks until `wanted` finds what must come.
pub async fn until<T>(what: &str, mut wanted: impl AsyncFnMut() -> Option<T>) -> T {
    let looks = async {
        loop {
            if let Some(found) = wanted().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looks).await.unwrap_or_else(|_| panic!("{what} did not come about"))
}

/// A process that serves. Killed when dropped.
pub struct Node {
    child: Child,
    pub url: String,
    pub admin: String,
    log: PathBuf,
    http: reqwest::Client,
}

impl Node {
    /// Starts a process and waits until it says that it serves, as it would tell a service manager.
    pub async fn start(land: &Brandland, written: &Written) -> Self {
        let socket_file = written.file.with_extension("notify");
        let _ = fs::remove_file(&socket_file);
        let socket = UnixDatagram::bind(&socket_file).unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = tokio::net::UnixDatagram::from_std(socket).unwrap();
        let log = written.file.with_extension("log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = everline(&["serve", "--config", written.file.to_str().unwrap()]);
        command.env("NOTIFY_SOCKET", &socket_file).stdout(Stdio::null()).stderr(file);
        let mut child = command.spawn().unwrap();
        let mut said = [0; 64];
        let heard = tokio::time::timeout(PATIENCE, socket.recv(&mut said)).await;
        let Ok(Ok(length)) = heard else {
            let _ = child.kill();
            panic!("the node did not start:\n{}", fs::read_to_string(&log).unwrap());
        };
        assert_eq!(&said[..length], b"READY=1");
        let (url, admin) =
            (format!("http://localhost:{}", written.port), format!("http://127.0.0.1:{}", written.admin));
        Self { child, url, admin, log, http: land.http.clone() }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends a signal to this process alone.
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args(["-s", name, &self.id()]).status().unwrap();
        assert!(done.success());
    }

    /// Waits for its end.
    pub async fn ends(&mut self) -> ExitStatus {
        until("the end of the process", async || self.child.try_wait().unwrap()).await
    }

    /// A call of the API: status and body.
    pub async fn api(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> (u16, Value) {
        self.try_api(method, path, token, body, None).await.unwrap()
    }

    /// A call of the API that may find nobody.
    pub async fn try_api(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Result<(u16, Value), reqwest::Error> {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}/api/v1{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// A page of the administrators' address.
    pub async fn admin(&self, path: &str) -> (u16, String) {
        let response = self.http.get(format!("{}{path}", self.admin)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Signs in with the code that arrives in the sandbox's inbox.
    pub async fn sign_in(&self, land: &Brandland, phone: &str) -> String {
        let (status, asked) = self.api("POST", "/sign-in/code", None, Some(json!({ "phone": phone }))).await;
        assert_eq!(status, 202, "{asked}");
        let inbox = land.control("GET", &format!("sms/inbox?to={phone}"), None).await;
        let messages = inbox["messages"].as_array().unwrap();
        let code = messages.iter().find(|message| message["message_id"] == asked["request_id"]).unwrap();
        let entry = json!({ "request_id": asked["request_id"], "code": code["parameters"]["code"] });
        let (status, entered) = self.api("POST", "/sign-in", None, Some(entry)).await;
        assert_eq!(status, 200, "{entered}");
        entered["token"].as_str().unwrap().to_owned()
    }

    /// Orders the monthly plan for a line, and starts its payment: the order's id and our number at the provider.
    pub async fn order(&self, token: &str, line: &str) -> (String, String) {
        self.order_by(token, line, "alipay_qr").await
    }

    /// The same, to be paid by `method`.
    pub async fn order_by(&self, token: &str, line: &str, method: &str) -> (String, String) {
        let body = json!({ "offering": "month@1", "terms_version": "2026-10" });
        let key = format!("{line}-{}", Clock::machine().id());
        let path = format!("/lines/{line}/orders");
        let (status, order) = self.try_api("POST", &path, Some(token), Some(body), Some(&key)).await.unwrap();
        assert_eq!(status, 201, "{order}");
        let id = order["id"].as_str().unwrap().to_owned();
        let started = Some(json!({ "method": method }));
        let (status, order) = self.api("POST", &format!("/orders/{id}/payments"), Some(token), started).await;
        assert_eq!(status, 201, "{order}");
        (id, order["payments"][0]["out_trade_no"].as_str().unwrap().to_owned())
    }

    /// Waits until an order is in a state.
    pub async fn order_becomes(&self, token: &str, order: &str, state: &str) {
        until(&format!("order {state}"), async || {
            let (_, seen) = self.api("GET", &format!("/orders/{order}"), Some(token), None).await;
            (seen["state"] == state).then_some(())
        })
        .await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A customer of the store, and their lines.
pub struct Owner {
    pub phone: String,
    pub lines: Vec<String>,
}

/// Fills an empty store: a plan, a customer, lines on a network.
pub async fn fill(store: &Store, network: NetworkKind, phone: &str, lines: usize) -> Owner {
    migrate(store, MIGRATIONS).await.unwrap();
    let clock = Clock::machine();
    let at = clock.now().business;
    let set_up = SetUp { brand: brand(), offerings: vec![offering()], staff: Vec::new(), at };
    store.transact(set_up).await.unwrap();
    let customer = Customer {
        id: CustomerId(clock.id()),
        kind: CustomerKind::Person,
        name: NAME.to_owned(),
        contact: Some(Msisdn::parse(phone).unwrap()),
        language: "zh-CN".to_owned(),
        identity: Identity::Verified,
    };
    let id = customer.id;
    store.transact(AddCustomer { customer, currency: Currency::CNY, at }).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..lines {
        let new = NewLine {
            id: LineId(clock.id()),
            customer: id,
            msisdn: Msisdn::parse(&format!("172800{n:05}")).unwrap(),
            name: LINE_NAME.to_owned(),
            device: DeviceKind::Watch,
            family: Family::Watch,
            network,
            guest_renewal: true,
            iccid: Iccid::parse(&format!("898604000000{n:08}")).unwrap(),
            imsi: Imsi::parse(&format!("46011{n:010}")).unwrap(),
            esim: false,
        };
        ids.push(new.id.to_string());
        let brand = brand();
        store.transact(new.begins(HandOver::Sale, &brand, &brand.zone().unwrap(), at).unwrap()).await.unwrap();
    }
    Owner { phone: phone.to_owned(), lines: ids }
}

fn brand() -> Brand {
    let name = Localized::zh_en("青禾通信", "Qinghe Mobile");
    serde_json::from_value(json!({
        "name": name, "legal_name": name, "credit_code": "1", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "calling_code": "86", "hotline": "1", "hotline_hours": name, "terms_version": "1", "order_minutes": 15,
        "queued_plans_max": 12, "families": {},
    }))
    .unwrap()
}

fn offering() -> Offering {
    Offering {
        reference: OfferingRef { code: "month".to_owned(), version: 1 },
        sale: SaleState::Published,
        kind: OfferingKind::Plan,
        name: Localized::zh_en("月包", "Monthly"),
        summary: Localized::zh_en("一个月", "A month"),
        price: Money::from_micros(9 * UNIT, Currency::CNY),
        renewal_price: Money::from_micros(9 * UNIT, Currency::CNY),
        included: vec![Included { unit: Unit::Octets, amount: 500_000_000 }],
        validity: Some(Validity::Months(1)),
        start: StartPolicy::Immediate,
        families: vec![Family::Watch],
        upstream_code: Some("MONTH".to_owned()),
        used_up: UsedUp::Stop,
        refund: RefundRule::NotAfterDelivery,
        roaming: Localized::default(),
        with_esim: false,
        countries: Vec::new(),
        eligibility: Eligibility::default(),
    }
}

/// Checks a store with the program itself.
pub fn verifies(args: &[&str]) {
    let output = run(&[&["verify"], args].concat());
    assert!(output.status.success() && text(&output).contains("nothing is wrong"), "{}", text(&output));
}

/// A path as text.
pub fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}
