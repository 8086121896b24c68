contact-code = [{ $brand }] Somebody wants you to be told when a line of theirs runs out. If you agree, give them this code: { $code } (valid for 10 minutes). It signs nobody in.
    .title = May you be told about a line?
reminder-expiry = [{ $brand }] The plan of { $line } ends on { $until } and nothing follows. Renew it here so that it is not cut off: { $link }
    .title = The plan of { $line } ends on { $until }
reminder-threshold = [{ $brand }] { $line } has used { $percent } % of its data; { $left } is left. Add data or renew here: { $link }
    .title = { $line } has used { $percent } % of its data
reminder-forecast = [{ $brand }] At this rate the data of { $line } will be used up on { $runs_out_on }, before its plan ends; { $left } is left. Add data or renew here: { $link }
    .title = The data of { $line } will not last
keyword-balance = [{ $brand }] { $line }{ $data ->
    [none] {""}
   *[other] , data left: { $data }
}{ $minutes ->
    [none] {""}
   *[other] , voice: { $minutes } min
}{ $messages ->
    [none] {""}
   *[other] , messages: { $messages }
}{ $until ->
    [none] : no plan is running.
   *[other] , until { $until }.
} Renew: { $link }
    .title = What is left on { $line }
keyword-renew = [{ $brand }] Renew { $line } here: { $link }
    .title = Renew { $line }
keyword-help = [{ $brand }] Send BAL for what is left, RENEW for a link to renew. Online: { $link } Hotline: { $hotline }
    .title = Help for { $line }
