### Kiriman keluar: antrean, aturan saluran, alamat yang tidak dikirimi.

org-event-outbound-queued = Pesan diminta dikirim ulang
org-event-outbound-sent = Pesan terkirim
org-event-outbound-delivered = Pesan sampai
org-event-outbound-read = Pesan dibaca
org-event-outbound-failed = Pesan gagal dikirim
org-event-outbound-unsure = Belum pasti apakah pesan terkirim
org-event-outbound-suppressed = Pesan tidak dikirim: alamat tidak dikirimi lagi
org-event-outbound-taken-as-sent = Pesan dianggap terkirim
org-event-suppression-added = Alamat tidak dikirimi lagi
org-event-suppression-lifted = Alamat boleh dikirimi lagi
org-subject-suppression = Alamat
