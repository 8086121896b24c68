# Checking a receipt
check-title = Check of a receipt
check-genuine = This receipt is genuine
check-lead = It should say what stands below. Where it does not, what stands here counts.
check-since = Since it was made
check-nothing-since = Nothing has changed.
check-said = What it says
check-issued = Issued
check-key = Signed with key { $name }.
check-machine = For programs
