//! The activation code of a line's profile: for whom, when, and for nobody else.

use crate::world::loading::{imsi, load_codes};
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::add_line::NewLine;
use everline_app::esim::{activation_code, profile};
use everline_app::sessions::{Principal, SessionInfo, open_session, session};
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::LineId;
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::offering::Family;
use everline_core::time::MINUTE_US;

const ICCID: &str = "89860400000000000017";
const CODE: &str = "LPA:1$rsp.example.com$M-1";

async fn signed_in(world: &World, kit: &Kit) -> SessionInfo {
    let signed_in = open_session(&world.app, Principal::Customer(kit.customer)).await.unwrap();
    session(&world.app, &signed_in.token).await.unwrap().unwrap()
}
/// A travel line served by a profile.
async fn travel(world: &World) -> Kit {
    let msisdn = world.line_now(&world.line(Family::Phone).await).await.msisdn;
    let number = format!("17{}", &msisdn.as_str()[2..]);
    let kit = Kit {
        customer: world.person().await,
        line: LineId(world.app.clock.id()),
        msisdn: Msisdn::parse(&number).unwrap(),
        imsi: Imsi::parse(&imsi(77)).unwrap(),
    };
    let new = NewLine {
        id: kit.line,
        customer: kit.customer,
        msisdn: kit.msisdn.clone(),
        name: "旅行".to_owned(),
        device: DeviceKind::Phone,
        family: Family::Travel,
        network: NetworkKind::BuiltIn,
        guest_renewal: true,
        iccid: Iccid::parse(ICCID).unwrap(),
        imsi: kit.imsi.clone(),
        esim: true,
    };
    world.add_line(new).await.unwrap();
    kit
}

#[tokio::test]
async fn the_code_is_its_owners_after_payment_and_with_a_fresh_proof() {
    on_both(async |world: World| {
        let kit = travel(&world).await;
        let owner = signed_in(&world, &kit).await;
        let none = Err(Problem::NotFound("profile"));
        let code = async |session: &SessionInfo| {
            activation_code(&world.app, session, kit.line).await.map(|code| code.as_str().to_owned())
        };
        let found = profile(&world.app, kit.customer, kit.line).await.unwrap().unwrap();
        assert_eq!((found.iccid.as_str(), found.bought, found.has_code), (ICCID, false, false));
        load_codes(&world, &format!("iccid,activation_code\n{ICCID},{CODE}\n")).await.unwrap();
        assert_eq!(code(&owner).await, none, "nothing was bought");
        let (_, attempt) = world.checkout(&kit, "trip").await;
        assert_eq!(code(&owner).await, none, "nothing was paid");
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(code(&owner).await.as_deref(), Ok(CODE));
        let found = profile(&world.app, kit.customer, kit.line).await.unwrap().unwrap();
        assert!(found.bought && found.has_code);
        // Another customer's line does not exist, however they are proved.
        let other = world.line(Family::Phone).await;
        let stranger = signed_in(&world, &other).await;
        assert_eq!(code(&stranger).await, Err(Problem::NotFound("line")));
        assert_eq!(profile(&world.app, other.customer, kit.line).await, Err(Problem::NotFound("line")));
        // A card has none.
        assert_eq!(profile(&world.app, other.customer, other.line).await, Ok(None));
        let card = activation_code(&world.app, &stranger, other.line).await;
        assert_eq!(card.map(|_| ()), Err(Problem::NotFound("profile")));
        // A session that was proved a while ago is not enough.
        world.pass(11 * MINUTE_US).await;
        assert_eq!(code(&owner).await, Err(Problem::ProveFirst));
        assert_eq!(code(&signed_in(&world, &kit).await).await.as_deref(), Ok(CODE));
        world.sound().await;
    })
    .await;
}
