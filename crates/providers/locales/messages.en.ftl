# What people are told. The text stands for itself in a short message; a mail has the title as its subject, a notice in a browser above it.
one-time-code = [{ $brand }] Your code is { $code }, valid for 10 minutes. Tell nobody; our staff never ask for it.
    .title = Your code
renewal-in-effect = [{ $brand }] { $line }: "{ $offering }" is yours, { $amount } paid. Order { $order }, receipt: { $link }
    .title = { $line } is renewed
paid-not-in-effect = [{ $brand }] We have your { $amount } for "{ $offering }" on { $line }. We are waiting for the network and will tell you when it is in effect: { $link }
    .title = We have your payment for { $line }
grace-began = [{ $brand }] The plan of { $line } ended on { $until }. It still works; renew soon so that it is not cut off: { $link }
    .title = The plan of { $line } ended
suspended = [{ $brand }] { $line } has no service now; emergency calls and our hotline still work. Renew and it is back at once: { $link }
    .title = { $line } has no service
data-used-up = [{ $brand }] The data of { $line } is used up, so it has none any more. Add data or renew and it is back at once: { $link }
    .title = The data of { $line } is used up
refund-started = [{ $brand }] { $amount } of order { $order } is on its way back to where it came from: { $link }
    .title = Your money is on its way back
refund-done = [{ $brand }] { $amount } of order { $order } went back to where it came from: { $link }
    .title = Your money went back
refund-bounced = [{ $brand }] { $amount } of order { $order } could not be given back to where it came from, although we told you so. It is kept safe and our support is looking at it: { $link }
    .title = A refund could not be made
refund-other-way = [{ $brand }] { $amount } of order { $order } could not go back to where it came from. { $way ->
    [credit] It is in your account now
   *[bank] We sent it from our bank account
}: { $link }
    .title = Your money went another way
reported-lost = [{ $brand }] { $line } was reported lost and has no service now. If that was not you, or if you found it, call { $hotline }.
    .title = { $line } was reported lost
barred = [{ $brand }] { $line } was stopped. To learn why, call { $hotline }.
    .title = { $line } was stopped
service-restored = [{ $brand }] { $line } works again.
    .title = { $line } works again
number-kept = { $kept_until ->
    [open] [{ $brand }] { $line } has no service; we keep its number for you. Renew and it works again: { $link }
   *[other] [{ $brand }] { $line } has no service; we keep its number for you until { $kept_until }. Renew and it works again: { $link }
}
    .title = We keep the number of { $line }
number-ends = [{ $brand }] We keep the number of { $line } until { $kept_until }; after that it is given up. To keep it, renew before: { $link }
    .title = The number of { $line } is given up soon
terminated = [{ $brand }] { $line } has ended and its number is no longer yours. What was paid and not used can be paid out: call { $hotline }.
    .title = { $line } has ended
auto-renew-notice = [{ $brand }] { $line } renews by itself on { $debit_on }: { $renewal }, { $price } from { $first_method ->
    [credit] your balance
    [none] your ways to pay
   *[other] { $first_method }
} first. To change or stop it: { $link }
    .title = { $line } renews by itself on { $debit_on }
auto-renew-consent = [{ $brand }] { $renewal } for { $line } costs { $price } now; you agreed to { $agreed }, or the terms changed. Nothing is taken unless you agree again before { $until }: { $link }
    .title = Agree again to renew { $line }
auto-renew-failed = [{ $brand }] { $line } could not be renewed by itself. Nothing was taken; it ends on { $until }. Renew it here: { $link }
    .title = { $line } could not be renewed by itself
auto-renew-needs-you = [{ $brand }] Your bank wants to ask you before { $amount } renews { $line }. Nothing was taken yet; it ends on { $until }: { $link }
    .title = Your bank wants to ask you
password-set = [{ $brand }] A password was set for your account ({ $at }). If that was not you, sign in at once, end all other sessions, and call { $hotline }: { $link }
    .title = A password was set
password-changed = [{ $brand }] The password of your account was changed ({ $at }). If that was not you, sign in at once, end all other sessions, and call { $hotline }: { $link }
    .title = Your password was changed
passkey-added = [{ $brand }] A passkey was added to your account ({ $at }). If that was not you, remove it and call { $hotline }: { $link }
    .title = A passkey was added
passkey-removed = [{ $brand }] A passkey was removed from your account ({ $at }). If that was not you, call { $hotline }: { $link }
    .title = A passkey was removed
second-factor-on = [{ $brand }] From now on ({ $at }) your account asks for a passkey after code or password. If that was not you, call { $hotline }: { $link }
    .title = A second factor is asked for now
second-factor-off = [{ $brand }] Your account no longer asks for a passkey after code or password ({ $at }). If that was not you, call { $hotline }: { $link }
    .title = No second factor is asked for any more
contact-changed = [{ $brand }] The contact number of your account was changed ({ $at }). Codes and messages go to the new number. If that was not you, call { $hotline } at once.
    .title = Your contact number was changed
sim-replaced = [{ $brand }] The Sim of a line in your account was replaced ({ $at }). For 24 hours a code to its number changes nothing about your account. If you did not have it replaced, call { $hotline } at once.
    .title = A Sim in your account was replaced
recovery-asked = [{ $brand }] Somebody who says that they cannot get codes any more asks to be let into your account with another number. That was not you? Stop it before { $until }: { $link } Or sign in, which stops it too.
    .title = Somebody asks to be let into your account
recovery-done = [{ $brand }] After a check by our staff your account has a new contact number; password, passkeys and sign-ins from before are gone. If you did not ask for that, call { $hotline } at once.
    .title = Your account has a new contact number
case-answered = [{ $brand }] Support has answered you. Read and reply: { $link } Hotline { $hotline }
    .title = Support answered you
line-taken = [{ $brand }] A line came to your account ({ $at }). If that was not you, call { $hotline }: { $link }
    .title = A line came to your account
companion-added = [{ $brand }] Another device got the number of a line of yours ({ $at }). If you did not ask for it, call { $hotline } at once: { $link }
    .title = Another device has your number
companion-removed = [{ $brand }] A device lost the number of a line of yours ({ $at }). If you did not ask for it, call { $hotline }: { $link }
    .title = A device lost your number
line-given = [{ $brand }] A line of your account went on to its new owner ({ $at }); its receipts stay with you. If you did not offer it, call { $hotline } at once: { $link }
    .title = A line went on to its new owner
line-offer-made = [{ $brand }] As you asked on the phone, a line of your account was offered to a new owner ({ $at }). It stays yours until they take it. If you did not ask for it, call { $hotline } at once, or take the offer back: { $link }
    .title = A line of yours was offered to a new owner
pay-link = [{ $brand }] { $offering } for { $line }, { $amount }: look and pay here until { $good_until }: { $link } We never ask for card numbers or codes on the phone.
    .title = { $offering } for { $line }
line-offered = [{ $brand }] Somebody wants to hand the line { $line } over to you. Sign in with this number to look, and take it or not, until { $until }: { $link }
    .title = A line is offered to you
caller-code = [{ $brand }] Read this code to our colleague on the phone, if it was you who called: { $code }, valid for 10 minutes. It signs nobody in. If you are not calling us, read it to nobody.
    .title = A code for our colleague on the phone
mailbox-code = [{ $brand }] Your code is { $code }, valid for 10 minutes. Whoever enters it has their notices sent to this mailbox. It signs nobody in. You did not ask for it? Then do nothing.
    .title = Your code for this mailbox
mailbox-set = [{ $brand }] From now on ({ $at }) your account's notices also go to a mailbox that was proved. If that was not you, change it and call { $hotline }: { $link }
    .title = A mailbox gets your notices now
mailbox-removed = [{ $brand }] Your account's notices no longer go to this or another mailbox ({ $at }). If that was not you, call { $hotline }: { $link }
    .title = A mailbox was removed
browser-added = [{ $brand }] From now on ({ $at }) a browser gets your account's notices. If that was not you, remove it and call { $hotline }: { $link }
    .title = A browser gets your notices now
browser-removed = [{ $brand }] A browser no longer gets your account's notices ({ $at }). If that was not you, call { $hotline }: { $link }
    .title = A browser was removed
closing-asked = [{ $brand }] At { $at } somebody asked to close your account and to send its credit to a bank account that they gave. If that was not you, take it back now and call { $hotline }: { $link }
    .title = Somebody asked to close your account
identity-corrected = [{ $brand }] The name or document of your account was corrected ({ $at }). If that was not you, call { $hotline }: { $link }
    .title = Name or document corrected
