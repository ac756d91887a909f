package cnpaytest

// Operation is what a provider's documents say of one operation, written down apart from the tags of the package, so that
// each is the other's witness. The gateways return them: upaytest.Operations.
type Operation struct {
	ID         string
	Chinese    string
	Kind       string   // money, query or setup
	Repeatable bool     // the documents say that a repeat is harmless
	SettledBy  string   // the operation that settles it, "" if none does
	Method     string   // "" for what is not sent by us: notifications, some pages
	Path       string   // likewise
	Mandatory  []string // wire names
}
