# Percakapan di kanal tertulis.

talk-invalid-address-taken = Alamat ini sudah dipakai oleh akun lain.
talk-invalid-until = Pilih waktu yang belum lewat.
talk-illegal-ended = Percakapan ini sudah selesai. Tunggu warga menulis lagi, atau mulai percakapan baru.
talk-illegal-case = Percakapan ini sudah menjadi bagian dari sebuah laporan.
talk-invalid-window = Waktu untuk menulis bebas di kanal ini sudah lewat. Pilih templat yang disetujui, atau tunggu warga menulis lagi.
talk-notice-pin = PIN: { $pin }. Simpan baik-baik; kode dan PIN membuka laporan Anda.
talk-file-lost = Berkas { $text } belum dapat diambil dari penyedia kanal.
talk-file-nameless = lampiran
talk-kind-deletion = Pengirim menarik kembali pesannya.
talk-kind-edit = Pesan diubah: { $text }
talk-kind-empty = (pesan kosong)
talk-kind-reaction = Memberi tanda { $text } pada sebuah pesan.
talk-kind-reaction-gone = Menarik kembali tanda pada sebuah pesan.
talk-kind-unknown = Pesan jenis “{ $kind }” belum dapat ditampilkan di sini; isinya tersimpan.
