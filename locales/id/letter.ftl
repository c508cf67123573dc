# Surat: tautan di dalamnya, dan yang ditampilkan di sampingnya.

portal-invite = Buka laporan
portal-invite-lead = Tautan ini dikirim ke alamat surel pelapor. Tekan tombol di bawah untuk melihat laporannya.
portal-invite-over = Tautan ini sudah tidak berlaku. Bukalah laporan Anda dengan kode dan PIN.
portal-stop = Berhenti menerima kabar
portal-stop-lead = Kabar perkembangan laporan tidak lagi dikirim ke { $address }.
portal-stop-owed = Tanda terima dan jawaban atas laporan Anda tetap dikirim, karena itu kewajiban kami.
portal-stop-do = Berhenti
portal-stop-done = Kabar perkembangan laporan tidak lagi dikirim ke { $address }.
app-mail-open = Buka laporan
app-mail-stop = Berhenti menerima kabar
desk-folded = Kutipan dan tanda tangan surat
desk-folded-sealed = Kutipan dan tanda tangan surat ini tampil setelah identitas pelapor dibuka.
desk-check-holds = { $check } terbukti
desk-check-fails = { $check } tidak terbukti
app-mail-carried-on = Lanjutan dari laporan { $code } yang sudah selesai.
app-mail-goes-on = Pelapor menulis lagi setelah laporan ini selesai. Lanjutannya: { $code }.
desk-original = Lihat surat sebagaimana dikirim
