# Signing in
sign-in-title = Sign in
sign-in-lead = Enter your phone number and we send you a 6-digit code.
sign-in-phone = Phone number
sign-in-phone-example = for example 138 0013 8000
sign-in-send = Send me a code
sign-in-new = Signing in for the first time opens an account. By signing in you agree that we use this number to serve you and for nothing else.
sign-in-new-terms = Signing in for the first time opens an account. By it you agree to our terms, and that we use this number to serve you and for nothing else.
sign-in-guest = Only want to renew one number? No sign-in needed
sign-in-phone-wrong = This does not look like a phone number. Please check it.
sign-in-phone-too-many = Too many codes for this number. Try again in an hour, or call the hotline.
sign-in-phone-not-sent = We cannot send a code right now. Please try again in a moment.

code-title = Enter the code
code-lead = We sent a code to the number you gave. It is valid for 10 minutes.
code-demo = In this demo, messages arrive in the inbox of the simulated outside world.
code-label = 6-digit code
code-enter = Sign in
code-again = No code? Send another one
code-not-six-digits = Please enter six digits.
code-wrong = { $left ->
    [one] That is not the code. You have { $left } more try.
   *[other] That is not the code. You have { $left } more tries.
}
code-gone = This code is no longer valid. Please ask for a new one.
