//! Corruptions of vouchers: each is found by name and row.

use super::corruptions::{Plan, plant, transfer_id};
use crate::world::{World, on_both};
use everline_app::redeem_voucher::{Given, redeem_voucher, voucher_id};
use everline_app::voucher_batch::{NewBatch, make_batch};
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::money::{Currency, Money};
use everline_core::time::DAY_US;
use everline_core::voucher::{Redeemer, VoucherKind};
use everline_store::args;

#[tokio::test]
async fn every_corruption_of_vouchers_is_found() {
    on_both(async |world: World| {
        let at = world.app.clock.now().business;
        let batch = NewBatch {
            name: "spring".to_owned(),
            kind: VoucherKind::Paid,
            amount: Money::parse("20", Currency::CNY).unwrap(),
            count: 2,
            expires_at: at.plus_us(30 * DAY_US),
            by: "he.jing".to_owned(),
        };
        let codes = make_batch(&world.app, batch).await.unwrap();
        let (me, other) = (world.person().await, world.person().await);
        let given = Given { customer: me, order: None, by: Redeemer::Owner, address: None };
        redeem_voucher(&world.app, given, &codes[0].printed()).await.unwrap();
        let [used, unused] = [0, 1].map(|n| voucher_id(&world.app.secrets, &codes[n]));
        let posting = Posting::new(Template::Voucher, Cause::Voucher(used), None, 20_000_000, at);
        let transfer = transfer_id(&posting);
        let voucher = |id| format!("voucher({id})");
        let transfer_row = format!("transfer({}, {me})", posting.transfers().next().unwrap().id);
        let account = format!("account({me})");

        let mut plan = Plan::default();
        let set = |what: &str| format!("UPDATE voucher SET {what} WHERE id = $1");
        // Redeemed, and nothing came of it; or nothing was redeemed, and something came.
        plan.add(&set("customer_id = $2, redeemed_at = 5"), args![unused, me], "voucher_posted", voucher(unused));
        plan.add(&set("customer_id = NULL, redeemed_at = NULL"), args![used], "voucher_posted", transfer_row.as_str());
        plan.add(&set("customer_id = $2"), args![used, other], "voucher_posted", voucher(used));
        plan.add(&set("customer_id = $2"), args![used, other], "voucher_posted", transfer_row.as_str());
        plan.add(&set("redeemed_at = redeemed_at + 1"), args![used], "voucher_posted", transfer_row.as_str());
        plan.add(&set("redeemed_at = NULL"), args![used], "voucher_redeemed", voucher(used));
        plan.add(&set("order_id = $1"), args![used], "voucher_redeemed", voucher(used));
        plan.add(&set("order_id = $1"), args![unused], "voucher_redeemed", voucher(unused));
        plan.add(&set("batch_name = 'none'"), args![unused], "voucher_batch", voucher(unused));
        plan.add("DELETE FROM voucher WHERE id = $1", args![used], "voucher_posted", transfer_row.as_str());
        plan.add("DELETE FROM voucher WHERE id = $1", args![unused], "voucher_batch", "voucher_batch(spring)");
        let set = |what: &str| format!("UPDATE voucher_batch SET {what} WHERE name = 'spring'");
        plan.add(&set("amount = amount + 1"), args![], "voucher_posted", voucher(used));
        plan.add(&set("kind = 'promo'"), args![], "voucher_posted", voucher(used));
        plan.add(&set("kind = 'gift'"), args![], "stored_word", "voucher_batch(spring)");
        plan.add(&set("state = 'making'"), args![], "voucher_redeemed", voucher(used));
        plan.add(&set("state = 'stopped'"), args![], "voucher_batch", "voucher_batch(spring)");
        plan.add(&set("vouchers = 1"), args![], "voucher_batch", "voucher_batch(spring)");
        plan.add(&set("currency = 'USD'"), args![], "currency", "voucher_batch(spring)");
        plan.add(&set("expires_at = made_at"), args![], "voucher_batch", "voucher_batch(spring)");
        let forget = "DELETE FROM transfer WHERE id = $1";
        plan.add(forget, args![transfer.clone()], "voucher_posted", voucher(used));
        plan.add(forget, args![transfer.clone()], "balances_equal_transfers", account.as_str());
        let set = |what: &str| format!("UPDATE transfer SET {what} WHERE id = $1");
        plan.add(&set("amount = 1"), args![transfer.clone()], "voucher_posted", voucher(used));
        plan.add(&set("order_id = cause_id"), args![transfer.clone()], "transfer_cause", transfer_row.as_str());
        plan.add(&set("template = 'VOUCHER_PROMO'"), args![transfer.clone()], "transfer_legs", transfer_row.as_str());
        let more = "UPDATE account SET voucher_receivable = voucher_receivable + 1 WHERE customer_id = $1";
        plan.add(more, args![me], "balances_equal_transfers", account.as_str());
        plant(&world, plan).await;
    })
    .await;
}
