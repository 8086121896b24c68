# Around every page, and the first page
frame-skip = Skip to content
frame-nav = Language and account
frame-sign-out = Sign out
frame-home = My lines
frame-start = Start
frame-hotline = Hotline
frame-demo-label = About this demo
frame-demo = This is a demo. No real money moves.
frame-demo-time = Demo time: { $name }
frame-demo-sandbox = Open the simulated outside world

landing-title = Renew your line
landing-heading = Keep every line alive
landing-lead = See what is left and when it ends, choose a plan, pay with Alipay. We say “in effect” only when the network has confirmed it.
landing-sign-in = Sign in to my lines
landing-renew = Renew by number, no sign-in
landing-people = Look around as one of these people
landing-people-hint = One tap and you are in. Nothing to type.
landing-promises = Three things you can rely on
landing-promise-effect = In effect means in effect
landing-promise-effect-why = A payment that worked and a network that is back are two things. We show you both.
landing-promise-once = Never lost, never charged twice
landing-promise-once-why = If a payment gives no answer, we ask the provider. What was paid twice goes back by itself.
landing-promise-receipt = A receipt for everything
landing-promise-receipt-why = Payment, posting and activation, each with its time.
