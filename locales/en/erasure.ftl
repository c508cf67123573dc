erasure-title = Erasure of personal data
    .hint = Requests to be forgotten, and what stays kept.
    .help = To carry out somebody's request to be forgotten (Law 27/2022 article 8). Check first who asks.
erasure-find = Tracking code, telephone number or mail address of who asks
    .help = As a whole, as they once gave it to us.
erasure-look = Find
erasure-none = Not found
    .help = There is nothing by that code, number or address. Ask for another one that they have used.
erasure-count-open = { $n ->
    [one] One open report
   *[other] { $n } open reports
}
erasure-count-ended = { $n ->
    [one] One ended report
   *[other] { $n } ended reports
}
erasure-count-talks = { $n ->
    [one] One conversation without a report
   *[other] { $n } conversations without a report
}
erasure-count-going = { $n ->
    [one] One conversation goes on
   *[other] { $n } conversations go on
}
erasure-count-out = { $n ->
    [one] One message is on its way to them
   *[other] { $n } messages are on their way to them
}
erasure-nobody = Nothing is left that tells who this person is
    .help = Name, numbers and addresses were erased, or there never were any.
erasure-blocked = Cannot be erased yet
    .help = While something is being handled, their data is needed to bring them the answer. Finish it first, then come back to this page.
erasure-goes = What is erased
erasure-goes-person = Name, address, population number, telephone numbers, mail addresses and messenger accounts, in the search as well.
erasure-goes-letters = Where our messages went and their copies, letters as they came with their signatures, and what was entered in chats.
erasure-goes-talks = { $n ->
    [one] Text and files of one conversation that became no report.
   *[other] Text and files of { $n } conversations that became no report.
}
erasure-stays = What stays
erasure-stays-cases = { $n ->
    [one] The content of one ended report, the answer and the files, without the reporter's name, until its time in the archive is over. A name that they wrote into the report itself stays with it.
   *[other] The content of { $n } ended reports, the answers and the files, without the reporter's name, until their time in the archive is over. A name that they wrote into a report itself stays with it.
}
    .source = Law 43/2009 on Archives; Law 27/2022 article 15
erasure-stays-log = The log of who did what and when, without personal data of who asks.
    .source = Government Regulation 71/2019 article 22
erasure-stays-stops = An address on the list of those not to be written to, if there is one, so that it never is again.
erasure-stays-payloads = Deliveries of message providers (such as WhatsApp or SMS) that could not be understood and wait for somebody to look.
erasure-request = Number of the request
    .help = Of the letter or in the register, as proof.
erasure-checked = It was checked who asks, and they have the right to this erasure
erasure-invalid-checked = Check first who asks.
erasure-final = Erasure cannot be undone.
erasure-go = Erase personal data
erasure-flash-done = Personal data was erased.
erasure-illegal-open = A report, a conversation or a message is not finished yet.
org-event-contact-erased = Personal data was erased at the person's request
org-event-contact-rows-erased = Rows of personal data were erased
org-fact-cases = Ended reports
org-fact-talks = Conversations without a report
