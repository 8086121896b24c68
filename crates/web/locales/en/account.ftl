# The account: who somebody is to us, and how they sign in
frame-account = Account
account-title = My account
account-who = You
account-name = Name
account-no-name = not given yet
account-contact = Contact number
account-contact-change = Change
account-contact-hint = Codes and messages about your lines go to this number.
account-access = Signing in
account-password = Password
account-password-none = Not set. You sign in with a code.
account-password-since = Set { $when }
account-passkeys = Passkeys
account-passkeys-none = None yet. Sign in with your fingerprint, face or screen lock.
account-passkeys-count = { $count ->
    [one] { $count } passkey
   *[other] { $count } passkeys
}
account-passkeys-second = { $count ->
    [one] { $count } passkey, asked for at every sign-in
   *[other] { $count } passkeys, one asked for at every sign-in
}
account-sessions = Where you are signed in
account-session-this = This device
account-session-since = Signed in { $when }
account-session-end = Sign out
account-sessions-end-others = Sign out everywhere else
account-sessions-hint = You do not know one of them? Sign it out and change your password.
account-language = Language
account-language-hint = Of these pages and of our messages.
account-language-save = Save
account-events = What changed lately
account-events-hint = That was not you? Call us:
account-event-password-set = Password set
account-event-password-changed = Password changed
account-event-passkey-added = Passkey added
account-event-passkey-removed = Passkey removed
account-event-second-factor-on = Passkey asked for at every sign-in
account-event-second-factor-off = Passkey no longer asked for at every sign-in
account-event-contact-changed = Contact number changed
account-event-sim-replaced = Sim of a line replaced
account-event-line-taken = A line came to the account
account-event-companion-added = Another device got the number of a line
account-event-companion-removed = A device lost the number of a line
account-event-line-offer-made = Our staff offered a line to another owner, as asked
account-event-line-given = A line went on to another owner
account-event-recovery-asked = Somebody asked to be let in by our staff
account-event-recovery-done = Let in by our staff, with another number
account-event-case-answered = Support answered a case
account-event-mailbox-set = Mailbox for notices set
account-event-mailbox-removed = Mailbox for notices removed
account-event-browser-added = Notices turned on in a browser
account-event-browser-removed = Notices turned off in a browser
account-event-closing-asked = Closing of the account asked for, with its credit to a bank account
account-event-identity-corrected = Name or document corrected
account-mailbox-none = None. We write there when a short message does not reach you.
account-browsers-none = Off in all browsers
account-browsers-count = { $count ->
    [one] On in { $count } browser
   *[other] On in { $count } browsers
}
account-done-language = Saved.
account-done-session = Signed out there.
account-done-others = Signed out everywhere else.
account-done-password = Your password is saved. We have sent you a message about it.
account-done-contact = Your contact number is changed. We have told both numbers.
account-done-mailbox = Your mailbox is saved. We have told your number and your mailboxes.
account-done-no-mailbox = The mailbox is removed. We have told your number and the mailbox.

confirm-title = Is it you?
confirm-lead = Before this change we make sure that it is really you. You are asked again after ten minutes only.
confirm-lead-passkey = Before this change we make sure that it is really you. Your account asks for a passkey.
confirm-passkey = Use a passkey
confirm-code-to = We send a code to { $name }.
confirm-code-send = Send code
confirm-code-sent = 6-digit code sent to { $name }
confirm-enter = Continue
confirm-password = Or your present password
confirm-password-wrong = That is not your password.

password-label = Password
password-set = Set a password
password-change = Change your password
password-new = New password
password-hint = At least { $count } characters. Several words in a row are good and easy to remember.
password-too-short = Too short: at least { $count } characters.
password-too-long = Too long.
password-too-common = This is among the passwords that are tried first. Please choose another, for example several words in a row.
password-others = Sign out everywhere else
password-others-hint = Whoever knew the old password is out too.
password-save = Save password

forgotten-link = Forgotten your password?
forgotten-title = Forgotten password
forgotten-lead = We send a code to your number. With it you set a new password.
forgotten-second = If your account asks for a passkey, you need that too.
forgotten-back = Back to signing in

sign-in-by-password = Sign in with password
sign-in-by-code = Sign in with a code
sign-in-by-passkey = Sign in with a passkey
sign-in-password-title = Sign in with password
sign-in-password-wrong = Number and password do not belong together. You can also sign in with a code.
sign-in-password-too-many = Too many tries. Please sign in with a code, or try again in an hour.
sign-in-passkey-refused = This passkey does not open an account here. Please sign in with a code.

second-title = Your passkey, please
second-lead = Your account asks for a passkey as well.
second-use = Use passkey
second-needs-script = This needs a browser that can use passkeys, with JavaScript on.
second-lost = No passkey at hand any more?
second-back = Start again
passkey-not-worked = That did not work. Please try again.

contact-title = Change contact number
contact-lead = Codes and messages go to the new number from then on, and you sign in with it. Your lines stay as they are.
contact-now = Now: { $name }
contact-new = New number
contact-send = Send code to the new number
contact-hint = We also tell your present number.
contact-use = Use this number
contact-already-so = This is your contact number already.
contact-taken = This number belongs to another account. Sign in with it there, or call our hotline.

passkeys-title = Passkeys
passkeys-lead = Sign in with your fingerprint, face or screen lock: nothing to remember, and nothing that a false page could steal.
passkeys-yours = Your passkeys
passkeys-added = Added { $when }
passkeys-used = Last used { $when }
passkeys-not-used = Not used yet
passkeys-remove = Remove
passkeys-name = What shall it be called?
passkeys-add = Add a passkey on this device
passkeys-not-here = This browser cannot add a passkey. Use one that can, with JavaScript on.
passkeys-name-wrong = Please give it a name of 1 to 40 characters.
passkeys-last = This is your last passkey, and your account asks for one. First switch that off below, or add another.
passkeys-too-many = You have ten passkeys. Remove one first.
passkeys-not-added = The passkey was not added. Please try again.
passkeys-second = Ask for a passkey at every sign-in
passkeys-second-is-on = On: after code or password you also need a passkey. Somebody with your Sim alone cannot get in.
passkeys-second-is-off = Off: a code or your password is enough.
passkeys-second-on = Switch on
passkeys-second-off = Switch off
passkeys-second-hint = Before you switch it on: have a second passkey, on another device. Without any you are back in only after our support has checked who you are.
passkeys-second-needs-one = First add a passkey.

problem-password-wrong = Number and password do not belong together
problem-password-wrong-do = Please check both, or sign in with a code.
problem-passkey-refused = The passkey was not accepted
problem-passkey-refused-do = Please try again, or sign in another way.
problem-second-factor = This account asks for a passkey as well
problem-second-factor-do = Sign in with a browser on our pages.
problem-prove-first = Please confirm who you are
problem-prove-first-do = This change needs a fresh proof. Sign in again.
problem-held-back = Not yet possible
problem-held-back-do = The Sim of your number was replaced less than 24 hours ago. For so long a code to it changes nothing about your account; a passkey or your password does. If you did not have the Sim replaced, call our hotline at once.
problem-number-lost-do = Your sign-in number is reported lost, and whoever found it can read the codes too, so a code cannot change the account. A password or a passkey can. If you have neither, replace the card or call us first.

problem-not-recovered = This request is over
problem-not-recovered-do = Somebody decided about it meanwhile, or it was stopped.

data-title = Your data
data-link = Get a copy of everything we keep about you
data-lead = Everything that we keep about you, table by table: lines, orders, payments, receipts, messages, sign-in history. Secrets of cards, passwords and keys are not in it.
data-get = Download as a file
data-hint = A JSON file, for programs and people with patience. Whoever has it knows all of this: keep it well.

mailbox-title = Mailbox for notices
mailbox-lead = When a short message about your lines does not reach you, we write to your mailbox. What changes in your account is told there too. Codes to sign in never go there.
mailbox-now = Notices go to
mailbox-remove = Remove
mailbox-label = Your mailbox
mailbox-another = Another mailbox instead
mailbox-send = Send a code there
mailbox-hint = We also tell your number, and the mailbox you have now.
mailbox-wrong = That is no address of a mailbox, like name@example.com.
mailbox-already-so = This is your mailbox already.
mailbox-too-many = Too many codes. Please try again in an hour.
mailbox-not-sent = The mail could not be sent. Please check the address, or try again later.
mailbox-code-lead = We have sent 6 digits to the mailbox. They are valid for 10 minutes. Look among unwanted mail too.
mailbox-use = Use this mailbox

browsers-title = Notices in browsers
browsers-lead = What changes in your account is shown in each of these browsers. What concerns a line is shown in the one you added last, when neither short message nor mail reaches you.
browsers-this = This browser
browsers-off = Notices are off here.
browsers-on = Notices are on in this browser. Signing out turns them off.
browsers-turn-on = Turn on here
browsers-hint = Your browser asks whether it may. Notices come by way of its maker, sealed, so that only this browser reads them.
browsers-blocked = Your browser does not allow notices of this site. You can change that in its settings.
browsers-not-worked = That did not work. Please try again, or use another browser.
browsers-unknown-service = We do not know this browser’s push service, so it cannot get notices.
browsers-too-many = At most 10 browsers. Please remove one first.
browsers-not-here = This browser cannot show notices. Use one that can, with JavaScript on.
browsers-all = Browsers that get notices
browsers-since = Since { $when }
browsers-remove = Turn off
