# Kata-kata pada surel yang masuk dan pada pemasangan.

app-default-agency = Instansi
app-mail-no-subject = (tanpa perihal)
app-mail-no-text = (Surel ini tidak berisi teks.)
app-mail-cut = … Teks ini terlalu panjang; selengkapnya ada di berkas lampiran.
app-mail-not-understood = (Surel ini tidak dapat dibaca. Isinya disimpan utuh di berkas lampiran.)
app-mail-other-sender = (Dikirim dari { $address })
app-mail-stranger = (Dikirim dari { $address }, yang bukan alamat pelapor. Surel ini hanya terlihat oleh petugas dan tidak mengubah laporan.)
app-mail-automatic = (Jawaban otomatis dari { $address })
app-mail-forged = (Pengirim { $address } tidak terbukti: pemeriksaan SPF, DKIM atau DMARC gagal)
app-mail-failed = (Surel kepada { $address } tidak sampai. Jawaban sistem surel:)
app-mail-delayed = (Surel kepada { $address } belum sampai; sistem surel masih mencoba:)
app-mail-delivered = (Surel kepada { $address } sudah sampai:)
app-mail-complaint = (Penerima { $address } menandai surel kita sebagai surel yang tidak diinginkan. Alamat itu tidak lagi dikirimi surel:)
app-mail-whole-text = isi-lengkap.txt
app-mail-whole-message = surel-asli.eml
