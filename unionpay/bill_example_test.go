package unionpay_test

import (
	"fmt"
	"os"

	"github.com/cnpay-go/cnpay/unionpay"
)

// The file was made for this example after the sample that UnionPay's demo programs come with.
func ExampleReconcile() {
	file, err := os.Open("testdata/documents/INN15090588ZM_777290058110048")
	if err != nil {
		panic(err)
	}
	defer func() { _ = file.Close() }()

	own := []unionpay.LedgerEntry{
		{OrderID: "10078087", TxnTime: "20150906112203", TxnType: "01", TxnAmt: 476800},
		{OrderID: "10078088", TxnTime: "20150906114034", TxnType: "01", TxnAmt: 83900},
		{OrderID: "10078090", TxnTime: "20150906115247", TxnType: "01", TxnAmt: 10000},
	}
	// Of a download: bill, err := unionpay.OpenBill(answer.FileContent), and then bill.Records().
	found, err := unionpay.Reconcile(own, unionpay.ReadBillRecords(file))
	if err != nil {
		panic(err)
	}
	fmt.Println(found.Matched, "agree")
	for _, d := range found.AmountDiffers {
		fmt.Println("amount differs:", d.Ledger.OrderID, "ours", d.Ledger.TxnAmt, "theirs", d.Bill.TxnAmt)
	}
	for _, o := range found.OnlyInLedger {
		fmt.Println("ours only:", o.OrderID, o.TxnAmt)
	}
	for _, r := range found.OnlyInBill {
		fmt.Println("theirs only:", r.OrderID, r.TxnAmt, "of type", r.TxnType, "after", r.OrigOrderID)
	}
	// Output:
	// 1 agree
	// amount differs: 10078088 ours 83900 theirs 83800
	// ours only: 10078090 10000
	// theirs only: 10078089 9900 of type 04 after 10078088
}
