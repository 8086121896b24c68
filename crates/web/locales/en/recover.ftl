# Being let in by people
recover-link = No code can reach you any more?
recover-title = No way to sign in?
recover-lead = Your number is gone and nothing else opens your account: ask our staff. They check who you are and let you in with another number.
recover-of = Number of the account
recover-contact = Number where we reach you now
recover-reason = What happened?
recover-reason-wrong = Please say in 1 to 500 characters what happened.
recover-hint = For your safety this takes at least 48 hours. We tell the account’s number at once, and whoever gets that message can stop it.
recover-code-lead = We have sent a code to the number where we reach you now. It is valid for 10 minutes.
recover-send = Send request
recover-asked-title = Request received
recover-asked = If there is an account with that number, we have told it now. If nobody stops the request, our staff call you after 48 hours, at the number that you gave, and ask for what proves who you are. Have your ID document at hand.
recover-stop-title = Somebody asks to be let into your account
recover-stop = Somebody says that they cannot get codes any more, and asks our staff to let them into your account with another number. If that was not you, stop it now.
recover-stop-now = Stop this request
recover-stopped = The request is stopped. Nobody was let in. To be safe, sign in and look where you are signed in.
recover-over = This request is over. If you did not make it, call our hotline.

desk-recovery-title = Asking to be let in
desk-recovery-lead = No code reaches them. Before you let somebody in, find out who they are: call the new number and check what only the owner knows. ID digits alone prove nothing.
desk-recovery-none = Nobody asks.
desk-recovery-open = { $count ->
    [one] { $count } person asks to be let in
   *[other] { $count } people ask to be let in
}
desk-recovery-contact = Reached at
desk-recovery-reason = Says
desk-recovery-asked = Asked
desk-recovery-due = Not before
desk-recovery-note = How you found out who it is, or why not
desk-recovery-complete = Let in with the new number
desk-recovery-refuse = Refuse
desk-recovery-note-wrong = Please say in 1 to 500 characters how you decided.
desk-recovery-too-early = The owner can still stop this: not before its time.
desk-recovery-over = This request is over already.
desk-recovery-taken = The new number belongs to another account by now. Refuse, and let them ask with another number.
