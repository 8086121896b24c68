# Operations of the desk
ops-title = Operations
ops-keys-soon = { $count ->
    [one] One key or certificate ends soon
   *[other] { $count } keys or certificates end soon
}
ops-none = not since this node started
ops-jobs = Jobs that do not end
ops-jobs-lead = Jobs that gave up, and jobs that have failed for about twenty minutes. Those that fail go on trying by themselves, at most five minutes apart.
ops-jobs-none = None. Every job ends or is being tried.
ops-jobs-more = There are more than are shown.
ops-jobs-retried = { $count ->
    [0] No job of this kind could be made to run: they are being run, or ended.
    [one] One job runs now.
   *[other] { $count } jobs run now.
}
ops-retry-kind = Run all of these now: { $name }
ops-retry = Run now
ops-give-up = Give up for good
ops-give-up-hint = It never runs again. Nobody’s money or service waits for it; a message that was not sent stays unsent.
ops-reason = Why it is given up
ops-reason-needed = Write down why it is given up: 1 to 160 characters on one line.
ops-job-stale = The job went on since the page was shown: it ran, is being run, or ended. Look again.
ops-job-kept = Money or service waits for this job; it cannot be given up.
ops-too-many = This was tested a moment ago. Try again in { $seconds } s.
ops-job-gave-up = gave up
ops-job-running = is being run now
ops-job-next = next try { $at }
ops-job-tries = runs: { $runs }, failures: { $failures }
ops-why = Last cause
ops-tries = Tries
ops-queued = Queued
ops-ago = { $name } ago
ops-customer = Customer
ops-customer-open = Open the customer
ops-backlog = What waits, by kind
ops-backlog-none = Nothing waits.
ops-backlog-more = Only the 10,000 that are due first are counted.
ops-kind = Kind
ops-waiting = Waiting
ops-due = Due
ops-oldest = Oldest
ops-kind-unknown = A kind that this release does not know
ops-kind-tell-network = Tell the network about a session
ops-kind-activate-upstream = Activate on the upstream network
ops-kind-query-payment = Ask what became of a payment
ops-kind-close-payment = Close a payment at its provider
ops-kind-refund = Give money back
ops-kind-send-message = Send a message to an owner
ops-kind-tell-beside = Send a message to a contact person
ops-kind-message-unreported = Wait for a delivery report
ops-kind-tell-account = Tell of a change to the account
ops-kind-recovery-due = End of the wait before letting somebody in
ops-kind-take-over = Have a line arrive at its new owner
ops-kind-tell-offer = Tell that a line is offered
ops-kind-verify-identity = Verify a document
ops-kind-reconcile = Compare a provider’s bill
ops-kind-auto-renew = Renew automatically
ops-kind-keep-method = Save a card
ops-kind-forget-method = Forget a card at its provider
ops-kind-take-dispute = Take up a dispute
ops-why-not-acknowledged = The network has not acknowledged
ops-why-network-silent = The network gave no answer
ops-why-submitted = Submitted, not confirmed
ops-why-provider-silent = The provider gave no answer
ops-why-no-account = There is no account with this provider any more
ops-why-messenger-silent = The message provider gave no answer
ops-why-messenger-slow = The message provider does not take it yet
ops-why-no-way = It reached nobody, and no other way leads to the customer
ops-why-refused = The message was refused
ops-why-lost = Nobody can say whether the message arrived
ops-why-verifier-silent = The verifier gave no answer
ops-why-no-bill = No bill came for two weeks
ops-why-unreadable = It cannot be read by this release
ops-outside = Providers and networks
ops-outside-lead = As this node sees them: calls of the last { $name } minutes, and since it started. Other nodes see for themselves.
ops-outside-none = Nobody outside is connected.
ops-lately = Lately
ops-no-calls = no calls
ops-calls = { $failures } of { $calls } failed
ops-last-success = Last success
ops-last-failure = Last failure
ops-test = Test the connection
ops-test-fine = { $name } answered in { $ms } ms and knows us.
ops-test-failed = { $name } did not pass the test after { $ms } ms: { $why }
ops-test-not-offered = { $name } offers no question that does no harm. Watch its calls instead.
ops-provider-stripe = Cards (Stripe)
ops-provider-bank = Bank account
ops-network-built-in = Our own network
ops-network-upstream = Upstream network
ops-way-sms = SMS
ops-way-email = Mail
ops-way-push = Browser notice
ops-keys = Keys and certificates
ops-keys-lead = What both sides know each other by. Shown is what it is called, never the key. Warned is from 30 days before the end.
ops-key = What for
ops-key-mark = Number or mark
ops-key-valid = Valid
ops-key-tested = the test covers it
ops-key-endless = no end that we know
ops-key-until = { $days ->
    [0] until { $day }: ends today
    [one] until { $day }: one day left
   *[other] until { $day }: { $days } days left
}
ops-key-over = ended on { $day }
ops-key-tls = TLS certificate of our pages
ops-key-alipay-ours = Alipay, our application’s certificate
ops-key-alipay-theirs = Alipay’s certificate
ops-key-alipay-root = Alipay’s root certificate
ops-key-wechat-ours = WeChat Pay, our merchant’s certificate
ops-key-wechat-theirs = WeChat Pay’s certificate or public key
ops-key-push = Key for browser notices (VAPID)
ops-key-receipts = Key that signs receipts
ops-messages-title = Messages
ops-log = How messages arrive
ops-log-lead = Messages that something caused in the last hours. A later way for the same cause counts by that cause.
ops-log-more = Only the newest 20,000 about lines and the newest 20,000 about accounts are counted.
ops-way = Way
ops-span = Span
ops-last-hours = { $hours ->
    [one] last hour
   *[other] last { $hours } hours
}
ops-sent = All
ops-fate-accepted = Taken by the provider
ops-fate-delivered = Delivered
ops-fate-failed = Failed
ops-fate-unknown = Not known
ops-templates = Templates
ops-template = Template
ops-show = Show
ops-their-template = the provider’s template { $name }, which should read like this
ops-no-text = Cannot be sent by this way in this language.
ops-templates-hint = With example values. The brand’s own texts come before ours.
ops-test-send = Send a test
ops-test-lead = It really goes out, from the template above with example values, and says that it is a test. At most 10 an hour, and 5 a day to one address.
ops-test-template = Template: { $name }
ops-test-to = To which number or mailbox
ops-test-go = Send the test
ops-test-mark = (test)
ops-test-to-wrong = That is no number or mailbox for this way. Write a mobile number for SMS, or an address like name@example.com for mail.
ops-test-no-text = This template cannot be sent by this way in this language. Choose another.
ops-test-stale = The page is older than a day. Send it again from here.
ops-test-too-many = Too many tests were sent. Try again in { $minutes } min.
ops-language = Language
ops-tests = Tests of the last 14 days
ops-tests-none = No test was sent.
