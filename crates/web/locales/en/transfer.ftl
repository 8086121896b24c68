# Bank transfers
transfer-choice = Bank transfer
transfer-choice-hint = For organisations: the order waits some days for your transfer
transfer-lead = Transfer the amount with exactly this reference in the remark. We see it once our bank shows it, usually on the next working day.
transfer-holder = Account holder
transfer-bank = Bank
transfer-number = Account number
transfer-amount = Amount
transfer-reference = Reference, in the remark
transfer-hint = Less than the amount counts as a part, and a second transfer with the same reference as the rest. What is more than the amount, or comes too late, becomes your balance.
transfer-came = Transferred so far
transfer-credited = { $amount } came by transfer beyond what this order needed; it is in your balance.
